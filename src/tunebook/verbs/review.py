"""Review: what overlap with the true answers does not say of written ones: their form, and an outside model's view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tunebook.core.errors import BookError, DataError, PlanError, near
from tunebook.core.files import part_of
from tunebook.core.locations import CHAMPION, LATEST
from tunebook.core.nouns import Interval, Split
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.writes import Writes
from tunebook.core.written import Written
from tunebook.verbs.steps.answers import answers, baseline_logits, baseline_names, place_of
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.outside_judge import Judge, compared
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.core.answers import Rows
    from tunebook.core.nouns import DataRef

TRUE = "true"
FILE, ASKED = "review.json", "judge.jsonl"


@dataclass(frozen=True)
class Wanted:
    """What is reviewed.

    Attributes:
        form: file of the form that answers are to have; None for none.
        judge: who compares; None for nobody. against: `true` for the true answers, the name of a baseline, or a run: of
            the same book by its name (an id or its start, `latest`, `champion`), or any.
        rows: that are judged at most, drawn evenly.
    """

    form: Path | None = None
    judge: Judge | None = None
    against: str | Run = TRUE
    rows: int = 50


def review(run: Run, split: Split, wanted: Wanted, progress: Progress | None = None) -> dict[str, Any]:
    """Figures of a run's written answers to a split, kept in `review.json` beside its report.

    Returns:
        `rows`, `valid` and `preferred` with value, low and high, `agreed` (share of pairs of which both orders say the
        same), `unread` replies, and the `files` that were written; of what was not wanted nothing.

    Raises:
        PlanError: `review.task`, the run's answers are no texts; `review.nothing`, nothing is wanted; `review.against`
            for a name that is none; `review.unjudged`, somebody is to be compared with and nobody compares.
        DataError: `data.no_split`; `review.form`. MachineError: `review.silent`.
    """
    from tunebook.data.frozen import prepared_data
    from tunebook.data.load import load

    if not isinstance(task_of(run.plan.task)(), Writes):
        raise PlanError("review.task", key=run.id, value=run.plan.task)
    if wanted.form is None and wanted.judge is None:
        raise PlanError("review.nothing", key="--format | --judge")
    if wanted.judge is None and wanted.against != TRUE:
        raise PlanError("review.unjudged", key="--against", value=_name(wanted.against))
    form = None
    if wanted.form is not None:
        from tunebook.tasks.writing.form import Form

        form = Form.read(wanted.form)  # refused before anything is written
    data = prepared_data(run.plan)
    if not data.rows.get(split):
        raise DataError("data.no_split", key=split, value=0, allowed=" | ".join(k for k, n in data.rows.items() if n))
    asked = _Asked(run, data, split, load(data, split), progress)
    against = asked.named(wanted.against)  # refused before anything is asked
    said = asked.texts(run)
    found: dict[str, Any] = {"rows": len(asked.rows)}
    if form is not None and wanted.form is not None:
        valid = np.array([form.valid(text) for text in said], dtype=np.float64)
        found["valid"] = {**_interval(valid).model_dump(), "file": wanted.form.name}
    folder = run.results(split)
    folder.mkdir(exist_ok=True)
    if wanted.judge is not None:
        found |= asked.judged(replace(wanted, against=against), wanted.judge, said)
    _write(found, folder)
    return {**found, "files": [str(folder / FILE), *([str(folder / ASKED)] if wanted.judge else [])]}


@dataclass(frozen=True)
class _Asked:
    """Rows of a split, and whose answers to them are compared."""

    run: Run
    data: DataRef
    split: Split
    rows: Rows
    progress: Progress | None

    def texts(self, run: Run) -> list[str]:
        """What a run writes."""
        place = place_of(run.plan, self.data, self.split)
        return list(Written.of(answers(run, self.rows, place, progress=self.progress)).texts)

    def named(self, against: str | Run) -> str | Run:
        """Whom a name means: `true`, a baseline, or the run of this name.

        Raises:
            PlanError: `review.against`, nobody; `review.task`, a run whose answers are no texts like these.
        """
        if isinstance(against, str):
            known = [TRUE, *baseline_names(self.run.plan, self.data, self.split)]
            if against in known:
                return against
            against = self._of_book(against, known)
        if against.plan.task != self.run.plan.task:
            raise PlanError("review.task", key=against.id, value=against.plan.task)
        return against

    def _of_book(self, name: str, known: list[str]) -> Run:
        """The run of the book; `known` are other names that there are."""
        book = Book(self.run.book)
        try:
            return book.run(name)
        except BookError as error:
            names = [*known, LATEST, CHAMPION, *(run.id for run in book.runs if run.finished)]
            told = {"allowed": " | ".join(names), "near": near(name, names)}
            raise PlanError("review.against", key="--against", value=name, **told) from error

    def others(self, against: str | Run) -> list[str]:
        """The answers that a run's are compared with."""
        if isinstance(against, Run):
            return self.texts(against)
        if against == TRUE:
            assert self.rows.targets is not None
            return [str(text) for text in self.rows.targets.tolist()]
        return list(Written.of(baseline_logits(self.run.plan, self.data, self.split, against, self.progress)).texts)

    def judged(self, wanted: Wanted, judge: Judge, said: Sequence[str]) -> dict[str, Any]:
        """What a judge says of the answers."""
        others = self.others(wanted.against)
        chosen = np.unique(np.linspace(0, len(said) - 1, min(wanted.rows, len(said))).astype(int)).tolist()
        pairs = [(self.rows.texts[row], said[row], others[row]) for row in chosen]
        told = compared(judge, pairs, self.run.results(self.split) / ASKED, self.progress)
        both = [one for one in told if None not in (one["first"], one["second"])]
        share = _interval(np.array([one["score"] for one in told]))
        return {
            "preferred": {**share.model_dump(), "against": _name(wanted.against), "judged": len(told)},
            "agreed": sum(one["first"] == one["second"] for one in both) / len(both) if both else 0.0,
            "unread": sum((one["first"] is None) + (one["second"] is None) for one in told),
            "judge": judge.model,
        }


def _name(against: str | Run) -> str:
    return against if isinstance(against, str) else against.id


def _interval(scores: Any) -> Interval:
    from tunebook.tasks.ranking.scores import interval

    return interval(scores, None)


def _write(found: dict[str, Any], folder: Path) -> None:
    import json

    with part_of(folder / FILE) as part:
        part.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


__all__ = ["ASKED", "FILE", "TRUE", "Wanted", "review"]
