"""Errors: which rows a run gets wrong, what they have in common, and why; kept in `errors.json` beside its report."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tunebook.core.errors import TunebookError
from tunebook.core.files import part_of
from tunebook.core.messages import say
from tunebook.core.nouns import Report, Split, read_json, write_json
from tunebook.core.progress import Progress
from tunebook.diagnosis.causes import attributed, unasked
from tunebook.diagnosis.clusters import clusters
from tunebook.diagnosis.conditions import conditions
from tunebook.diagnosis.looked import Looked, look
from tunebook.diagnosis.mistakes import confusions, mistakes, span_errors
from tunebook.diagnosis.reading import Reading, halves, reading
from tunebook.diagnosis.records import Errors, Suspects
from tunebook.diagnosis.seen import Seen
from tunebook.diagnosis.shares import share_of
from tunebook.diagnosis.slices import worst_slices
from tunebook.diagnosis.suspects import (
    estimated,
    one_class,
    own_suspects,
    own_suspects_of_several,
    several_classes,
    training_suspects,
)
from tunebook.diagnosis.vicinity import Vicinity, strangeness, vicinity
from tunebook.diagnosis.worst import worst_rows
from tunebook.report.scores import standing
from tunebook.verbs.run_report import REPORT
from tunebook.verbs.steps.calibration import cuts_in_force
from tunebook.verbs.steps.runs import Run

FILE, PAGE, SUSPECTS = "errors.json", "errors.html", "suspects.csv"
_NEARLY_ALL = 0.9  # share of the error mass that a row can have
COLUMNS = ("id", "label", "suggestion", "sure", "split", "text", "pair")


def errors(run: Run, split: Split = "validation", progress: Progress | None = None) -> Errors:
    """Diagnose the errors of a run on a split; write errors.json, errors.html and suspects.csv.

    Args:
        split: looking at single test rows wears them out: whoever mends what is seen there has trained on them.

    Raises:
        PlanError: `errors.task`, answers of this task cannot be told right or wrong row by row. DataError:
            `data.no_split`, `data.no_labels`. RunError: the run has not finished.
    """
    from tunebook.report.errors import write_errors

    looked = look(run, split, progress)
    found = _found(looked)
    seen = Seen(looked, found, progress)
    causes = {"causes": attributed(seen), "unasked": unasked(looked.labels)}
    found = found.model_copy(update={**causes, "suspects": estimated(found.suspects, seen)})
    folder = run.results(split)
    folder.mkdir(exist_ok=True)
    write_json(found, folder / FILE)
    _write_suspects(found.suspects, folder / SUSPECTS)
    write_errors(folder / PAGE, found, places_of(run, split))
    return found


def places_of(run: Run, split: Split, book: Path | None = None) -> dict[str, object]:
    """Where that lies which the commands of causes name; `book` is the run's as the user writes it."""
    place = book or run.book
    return {"BOOK": place, "NEW": f"{place}-2", "SUSPECTS": run.results(split) / SUSPECTS}


def read_errors(run: Run, split: Split = "validation") -> Errors | None:
    """What was found before; None where nobody has looked."""
    path = run.results(split) / FILE
    found: Errors | None = read_json(Errors, path) if path.is_file() else None
    return found


def _found(looked: Looked) -> Errors:
    """The evidence. A part that cannot be made is named with its reason, and the others are made all the same."""
    missing: dict[str, str] = {}

    def tried(name: str, make: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return make()
        except TunebookError as error:
            missing[name] = f"{error.message} {error.advice}".strip()
            return otherwise

    read: Reading = reading(looked)
    told, words = conditions(looked, read)
    single = mistakes(looked)
    lie: Vicinity | None = tried("near", lambda: vicinity(looked), None)
    doubted: list[Suspects] = tried("suspects", lambda: _suspects(looked), [])
    if looked.labels.kind.classes != "one":
        missing.setdefault("suspects_training" if doubted else "suspects", say("errors.suspects_kinds"))
    doubts = {one.row: one.suggestion for part in doubted for one in part.found if part.split == looked.split}
    errors_ = share_of(looked.mass, looked.units)
    assert errors_ is not None and looked.rows.targets is not None  # a split that is looked at has labelled rows
    scores = looked.task.scores(looked.answers, looked.rows.targets, looked.labels)
    headline = looked.run.plan.params.metric
    return Errors(
        run=looked.run.id,
        split=looked.split,
        content=looked.data.content,
        rows=len(looked.rows),
        measure=looked.measure,
        by=looked.by,
        headline=headline,
        score=scores.get(headline),
        errors=errors_,
        wrong=int(looked.wrong.sum()),
        weak=errors_.value > _NEARLY_ALL or _behind(looked.run, looked.split),
        confusions=confusions(looked, single),
        spans=span_errors(looked, single),
        slices=worst_slices(looked, told, words),
        clusters=tried("clusters", lambda: clusters(looked, single), []) if lie is not None else [],
        worst=worst_rows(looked, read, lie, doubts),
        suspects=doubted,
        reading=[halves(looked, "cut", read.cut), halves(looked, "unknown", read.unknown > 0)],
        strange=None if lie is None else strangeness(looked, lie),
        missing=missing,
        cuts=cuts_in_force(looked.run) is not None,
    )


def _behind(run: Run, split: Split) -> bool:
    """Whether the run is not ahead of the best baseline on these rows, or on the test rows where nobody has measured
    that here."""
    path = run.results(split) / REPORT
    report: Report | None = read_json(Report, path) if path.is_file() else None
    report = report if report is not None and report.baselines else run.report
    return report is not None and standing(report).outcome in ("unsure", "worse")


def _suspects(looked: Looked) -> list[Suspects]:
    """Of the split that is looked at, unless the run was trained on it, and of training rows."""
    found = []
    if looked.split != "train" and one_class(looked, len(looked.rows)):
        found.append(own_suspects(looked))
    elif looked.split != "train" and several_classes(looked, len(looked.rows)):
        found.append(own_suspects_of_several(looked))
    if one_class(looked, looked.data.rows["train"]):
        found.append(training_suspects(looked))
    return found


def _write_suspects(found: list[Suspects], path: Path) -> None:
    """A line a row whose label can be put right in the file, as `correct` takes it; no file where there is none."""
    rows = [one for part in found for one in part.found]
    if not rows:
        path.unlink(missing_ok=True)
        return
    with part_of(path) as part, part.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for one in rows:
            writer.writerow((one.row, one.label, one.suggestion, f"{one.sure:.3f}", one.split, one.text, one.pair))


__all__ = ["COLUMNS", "FILE", "PAGE", "SUSPECTS", "errors", "places_of", "read_errors"]
