"""Explain: which parts of a text an answer hangs on, and how faithful the explanations of a run are."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np

from tunebook.core.errors import BookError, DataError, RunError
from tunebook.core.explains import Explains
from tunebook.core.judged import Judged
from tunebook.core.nouns import DataRef, Split, read_json, write_json
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.task import Rows, searching
from tunebook.engine.calibrated import said_by
from tunebook.explain.explaining import How, explained
from tunebook.explain.faithful import faithful as measure
from tunebook.explain.records import Explanation, Explanations, Faithful
from tunebook.explain.units import By
from tunebook.verbs.steps.answers import answers, place_of
from tunebook.verbs.steps.calibration import calibration_of
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel

TEXTS, ROWS, ERRORS, FAITHFUL = "texts", "rows", "errors", "faithful"


class Asking(TypedDict, total=False):
    """How answers are explained.

    Attributes:
        method: `integrated_gradients` unless said otherwise, `occlusion`, `attention_rollout` or `random`.
        by: units that are told: `word` unless said otherwise, `character`, `token` or `sentence`.
        answer: what is explained in place of what the model says, such as another label.
        split: of the rows; `validation` unless said otherwise.
        png: file of the picture that is written beside the page; None writes none.
        progress: is told how far it is.
    """

    method: str
    by: By
    answer: str | None
    split: Split
    png: Path | None
    progress: Progress | None


def explain(
    run: Run,
    texts: Sequence[str] | None = None,
    pairs: Sequence[str] | None = None,
    *,
    rows: Sequence[str] | None = None,
    errors: int = 0,
    **asking: Unpack[Asking],
) -> Explanations:
    """Explain what a run's model says of texts, of rows of the book, or of the worst mistakes on a split; write the
    explanations as JSON and as a page.

    Args:
        texts: as users write them; pairs: their second texts, or the passage of each query.
        rows: ids of rows of the split; errors: so many of its mistakes, the worst first.
        asking: see `Asking`.

    Raises:
        RunError: the run has not finished; `explain.task`, its answers cannot be explained; `explain.no_attention`.
            DataError: `explain.what`, not one of texts, rows and errors; `explain.empty`, a text with nothing to read;
            `explain.row`, there is no such row; `explain.answer`, `explain.method`, `explain.by`; `data.no_split`.
            MachineError: captum is not installed. ModelError: `calibrate.stale`.
    """
    how, split = _how(asking, run), asking.get("split", "validation")
    if sum((texts is not None, rows is not None, errors > 0)) != 1:
        raise DataError("explain.what", key="TEXT | --rows | --errors")
    loaded, data = _loaded(run)
    what = TEXTS if texts is not None else ROWS if rows is not None else ERRORS
    if texts is not None:
        chosen = asked_rows(texts, pairs, data)
        true: list[str] | None = None
    else:
        known = split_of(data, split)
        places = _places(known, rows) if rows is not None else _worst(run, data, known, split, errors)
        chosen, true = _unsearched(run, known.at(places)), _true(run, known, places)
    items = explained(loaded, chosen, how, asking.get("progress"))
    if true is not None:
        items = [item.model_copy(update={"true": true[item.number]}) for item in items]
    made = Explanations(
        run=run.id,
        method=how.method,
        by=how.by,
        split="" if texts is not None else split,
        items=items,
        faithful=read_faithful(run, split),
    )
    return _written(run, made, what, split, asking.get("png"))


def faithful(run: Run, count: int, **asking: Unpack[Asking]) -> Explanations:
    """Measure how faithful the methods are on so many rows of a split, drawn with the seed 0; write the curves as JSON
    and as a page, beside which later explanations of the run stand.

    Raises:
        As `explain`; DataError: `explain.rows`, less than two rows.
    """
    from tunebook.data.load import group_codes

    how, split = _how(asking, run), asking.get("split", "validation")
    if count < 2:
        raise DataError("explain.rows", key="--faithful", value=count, allowed="2 – …")
    loaded, data = _loaded(run)
    known = split_of(data, split)
    draw = np.random.default_rng(0).permutation(len(known))[:count]
    rows = _unsearched(run, known.at(sorted(draw.tolist()), columns=True))
    groups = group_codes(rows, data.roles)
    found = measure(loaded, rows, how=how, groups=groups, progress=asking.get("progress"))
    if found.rows < 2:
        raise DataError("explain.rows", key="--faithful", value=found.rows, allowed="2 – …")
    found = found.model_copy(update={"split": split})
    made = Explanations(run=run.id, method=how.method, by=how.by, split=split, faithful=found)
    return _written(run, made, FAITHFUL, split, asking.get("png"))


def quick(
    loaded: LoadedModel, text: str, pair: str | None = None, *, run: Run | None = None, **asking: Unpack[Asking]
) -> list[Explanation]:
    """Explanations of one text by a model that is in memory; nothing is written.

    Args:
        run: whose model it is, for what it says when it was calibrated; None: as the model says it.

    Raises:
        As `explain`.
    """
    from tunebook.data.frozen import prepared_data

    rows = asked_rows([text], None if pair is None else [pair], prepared_data(loaded.plan))
    return explained(loaded, rows, _how(asking, run), asking.get("progress"))


def read_explanations(run: Run, split: str = "validation", what: str = "") -> Explanations | None:
    """What was explained last of a run and a split, or last of texts, rows, errors or faithfulness (`what`); None where
    nothing was, or it cannot be read."""
    names = (what,) if what else (TEXTS, ROWS, ERRORS, FAITHFUL)
    files = [path for name in names if (path := file_of(run, split, name)).is_file()]
    for path in sorted(files, key=lambda path: path.stat().st_mtime, reverse=True):
        with suppress(BookError):
            found: Explanations = read_json(Explanations, path)
            return found
    return None


def read_faithful(run: Run, split: str = "validation") -> Faithful | None:
    """How faithful explanations of a run are on a split; None where that was not measured."""
    found = read_explanations(run, split, FAITHFUL)
    return None if found is None else found.faithful


def file_of(run: Run, split: str, what: str, suffix: str = ".json") -> Path:
    """The file of explanations."""
    return run.results(split) / f"explain-{what}{suffix}"


def _how(asking: Asking, run: Run | None) -> How:
    method, by = asking.get("method") or How.method, asking.get("by") or How.by
    read = None if run is None else calibration_of(run)
    how = How(method=method, by=by, answer=asking.get("answer"), read=read)
    how.check()
    return how


def _loaded(run: Run) -> tuple[LoadedModel, DataRef]:
    """The model of a run and the rows that it was trained on."""
    folder, plan = run.model, run.plan
    if not isinstance(task_of(plan.task)(), Explains):
        raise RunError("explain.task", key=run.id, value=plan.task)
    from tunebook.data.frozen import prepared_data
    from tunebook.engine.load import load_model

    return load_model(folder, plan), prepared_data(plan)


def asked_rows(texts: Sequence[str], pairs: Sequence[str] | None, data: DataRef) -> Rows:
    """Texts as rows, as the model was trained to read them; the second text of a query is its passage.

    Raises:
        DataError: `explain.passage`, queries without passages, of a model that searches none.
    """
    from tunebook.data.cells import as_text
    from tunebook.data.clean import clean_text
    from tunebook.data.kind import column_kind
    from tunebook.verbs.asked import given_rows

    if pairs is None or not column_kind(data.labels.problem).of_passages:
        rows = given_rows(list(texts), None if pairs is None else list(pairs), data)
        if rows.passages is not None and not searching(task_of(data.task)(), data.labels):
            raise DataError("explain.passage", key="--pair")
        return rows
    if len(pairs) != len(texts):
        raise DataError("predict.pair_count", key="pairs", value=len(pairs), allowed=str(len(texts)))
    rules, count = tuple(data.stats["cleaning"]["rules"]), np.arange(len(texts))
    passages = [clean_text(as_text(text) or "", rules) for text in pairs]
    judged = Judged(count, count, np.zeros(len(texts)), len(texts)).matrix()
    names = [str(number + 1) for number in range(len(texts))]
    return replace(given_rows(list(texts), None, data), passages=passages, passage_ids=names, targets=judged)


def _unsearched(run: Run, rows: Rows) -> Rows:
    """Rows without what is judged for them, of a model that is to search by itself."""
    return replace(rows, targets=None) if searching(task_of(run.plan.task)(), run.plan.labels) else rows


def split_of(data: DataRef, split: Split) -> Rows:
    """The rows of a split. Raises a DataError, `data.no_split`, where it has none."""
    from tunebook.data.load import load

    if not data.rows.get(split):
        raise DataError("data.no_split", key=split, value=0, allowed=" | ".join(k for k, n in data.rows.items() if n))
    return load(data, split)


def _places(rows: Rows, wanted: Sequence[str]) -> list[int]:
    """Places of the rows with these ids."""
    known = {str(row): place for place, row in enumerate(rows.ids)}
    for row in wanted:
        if row not in known:
            raise DataError("explain.row", key="--rows", value=row, allowed=f"{rows.ids[0]}, … ({len(rows)})")
    return [known[row] for row in wanted]


def _worst(run: Run, data: DataRef, rows: Rows, split: Split, count: int) -> list[int]:
    """Places of the worst mistakes of a run on rows, the worst first."""
    if rows.targets is None:
        raise DataError("data.no_labels", key=split)
    plan = run.plan
    task = task_of(plan.task)()
    logits = answers(run, rows, place_of(plan, data, split))
    said = said_by(task, logits, rows, plan.labels, calibration_of(run))
    true = task.true(rows.targets, rows, plan.labels)
    bad = [
        (task.badness({"true": truth, **answer}, plan.labels), place)
        for place, (truth, answer) in enumerate(zip(true, said, strict=True))
    ]
    wrong = sorted(((far, place) for far, place in bad if far is not None), key=lambda item: -item[0])
    if not wrong:
        raise DataError("explain.no_errors", key=split, value=len(rows))
    return [place for _, place in wrong[:count]]


def _true(run: Run, rows: Rows, places: Sequence[int]) -> list[str] | None:
    if rows.targets is None:
        return None
    task, chosen = task_of(run.plan.task)(), rows.at(places)
    assert chosen.targets is not None
    return [task.shown(label) for label in task.true(chosen.targets, chosen, run.plan.labels)]


def _written(run: Run, made: Explanations, what: str, split: str, png: Path | None) -> Explanations:
    """The same, with its page and its picture on the disk."""
    from tunebook.report.explain import write_page_of, write_png

    path = file_of(run, split, what)
    path.parent.mkdir(parents=True, exist_ok=True)
    made = made.model_copy(update={"page": path.with_suffix(".html"), "png": png})
    if png is not None:
        write_png(png, made)
    write_page_of(path.with_suffix(".html"), made)
    write_json(made, path)
    return made


__all__ = [
    "Asking",
    "asked_rows",
    "explain",
    "faithful",
    "file_of",
    "quick",
    "read_explanations",
    "read_faithful",
    "split_of",
]
