"""Evaluate: run + rows -> report, with intervals, against baselines on the same rows."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import BookError, DataError, TunebookError
from tunebook.core.lineage import Recipe
from tunebook.core.locations import home_of
from tunebook.core.nouns import DataRef, Labels, ParamTable, Plan, Report, Split, write_json
from tunebook.core.progress import Progress
from tunebook.core.registry import tasks
from tunebook.core.task import Rows, Task
from tunebook.verbs.steps.ahead import Side
from tunebook.verbs.steps.answers import answers, place_of
from tunebook.verbs.steps.business import own_metrics, scored
from tunebook.verbs.steps.calibration import kept_calibration
from tunebook.verbs.steps.general import general as measure_general
from tunebook.verbs.steps.general import general_books, read_general
from tunebook.verbs.steps.retention import read_retention, retention, units_of
from tunebook.verbs.steps.runs import TABLE, Run
from tunebook.verbs.steps.space import space

_ERRORS = 30  # that a page shows
BOOK = "BOOK"  # stands for the folder of the book


def evaluate(
    run: Run,
    data: DataRef | None = None,
    *,
    split: Split = "test",
    with_baselines: bool = True,
    general: Sequence[Path] = (),
    progress: Progress | None = None,
) -> Report:
    """Score a run's model on a split; write report.json, report.html, predictions.jsonl and the model card.

    Args:
        run: a finished run.
        data: rows to score on; None takes the book's own.
        split: which of its splits.
        with_baselines: measure majority, TF-IDF and frozen encoder too (kept for the next run on the same rows).
        general: other books, on whose test rows the model is scored beside its base model.

    Raises:
        RunError: the run has not finished; `run.data`, the book has other rows than it was trained on.
        DataError: the split is empty or has no labels. And of `general` what `tunebook.verbs.steps.general` raises.
    """
    from tunebook.data.frozen import prepared_data
    from tunebook.data.load import load
    from tunebook.engine.continual import numbered

    plan = run.plan
    _ = run.model  # refuses an unfinished run before anything is read
    if general:
        general_books(run, list(general))  # refuses before anything is asked
    own = data or prepared_data(plan)
    ref = numbered(own, plan.labels) if plan.continues is not None else own  # a head may know further classes
    if not ref.rows.get(split):
        raise DataError("data.no_split", key=split, value=0, allowed=" | ".join(k for k, n in ref.rows.items() if n))
    rows = load(ref, split)
    if rows.targets is None:
        raise DataError("data.no_labels", key=split)
    logits = answers(run, rows, place_of(plan, ref, split), progress=progress)
    report = _owned(_report(run, ref, split, logits, rows), ref, logits, rows)
    if with_baselines:
        report = _with_baselines(run, own, report, (logits, rows, plan.labels), progress)
    if lie := space(run, rows, ref, with_base=with_baselines, progress=progress):
        report = report.model_copy(update={"extra": {**report.extra, "space": lie}})
    if plan.continues is not None and split == "test":
        retention(run, report, progress)
    if general:
        measure_general(run, list(general), progress)
    _write(run, ref, report, list(_predictions(plan, rows, logits)))
    return report


def _report(run: Run, ref: DataRef, split: Split, logits: NDArray[np.float32], rows: Rows) -> Report:
    from tunebook.data.load import group_codes

    plan, targets = run.plan, rows.targets
    assert targets is not None
    task, groups = tasks()[plan.task](), group_codes(rows, ref.roles)
    # A task of another package may know nothing of groups, and is not asked where there are none.
    together = {} if groups is None else {"groups": groups}
    return Report(
        run=run.id,
        split=split,
        rows=len(targets),
        content=ref.content,
        headline=plan.params.metric,
        metrics=task.scores(logits, targets, plan.labels),
        intervals=task.intervals(logits, targets, plan.labels, **together),
        groups=0 if groups is None else int(groups.max()) + 1,
        **task.detail(logits, rows, plan.labels, **together),
    )


def _owned(report: Report, ref: DataRef, logits: NDArray[np.float32], rows: Rows) -> Report:
    """With what the answers are worth to the book's owner, and by which files."""
    from tunebook.data.load import group_codes

    own = own_metrics(ref, rows)
    if not own:
        return report
    values, ends = scored(own, logits, group_codes(rows, ref.roles))
    told = {name: {**one.asked.model_dump(exclude_defaults=True), "hash": one.id} for name, one in own.items()}
    return report.model_copy(
        update={
            "metrics": {**report.metrics, **values},
            "intervals": {**report.intervals, **ends},
            "extra": {**report.extra, "business": told},
        }
    )


def _with_baselines(run: Run, own: DataRef, report: Report, ours: Side, progress: Progress | None) -> Report:
    """With the scores of all baselines, and how far the run is ahead of the best one."""
    from tunebook.data.load import load
    from tunebook.report.scores import best_baseline
    from tunebook.verbs.steps.ahead import ahead
    from tunebook.verbs.steps.answers import baseline_logits, baselines

    plan, split = run.plan.model_copy(update={"labels": own.labels}), report.split
    report = report.model_copy(update={"baselines": _worth(baselines(plan, own, split, progress), plan, own, split)})
    best = best_baseline(report)
    if best is None or math.isnan(report.metrics.get(report.headline, math.nan)):
        return report
    theirs = baseline_logits(plan, own, split, best[0], progress)
    rows = load(own, split)
    gain = ahead(tasks()[plan.task](), report.headline, ours, (theirs, rows, own.labels), units_of(rows, own))
    return report.model_copy(update={"ahead": gain})


def _worth(found: dict[str, dict[str, float]], plan: Plan, own: DataRef, split: Split) -> dict[str, dict[str, float]]:
    """Scores of baselines with what their answers are worth to the book's owner."""
    from tunebook.data.load import load
    from tunebook.verbs.steps.answers import baseline_logits

    metrics = own_metrics(own, load(own, split))
    if not metrics:
        return found
    return {
        name: {**scores, **scored(metrics, baseline_logits(plan, own, split, name), None)[0]}
        for name, scores in found.items()
    }


def _predictions(plan: Plan, rows: Rows, logits: NDArray[np.float32]) -> Iterator[dict[str, Any]]:
    """One record a row: id, the true label, what the task says, and the texts."""
    task = tasks()[plan.task]()
    assert rows.targets is not None
    said, true = task.say(logits, rows, plan.labels), task.true(rows.targets, rows, plan.labels)
    for number, answer in enumerate(said):
        yield {
            "id": str(rows.ids[number]),
            "true": true[number],
            **answer,
            "text": rows.texts[number],
            **({"pair": rows.pairs[number]} if rows.pairs is not None else {}),
        }


def _write(run: Run, ref: DataRef, report: Report, predictions: list[dict[str, Any]]) -> None:
    from tunebook.report.card import write_model_card
    from tunebook.report.run import write_run_report

    task, folder = tasks()[run.plan.task](), run.results(report.split)
    folder.mkdir(exist_ok=True)
    with (folder / "predictions.jsonl").open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in predictions)
    write_json(report, folder / "report.json")
    outcome = run.outcome
    kept = read_retention(run) if report.split == "test" else None
    general = read_general(run) if report.split == "test" else None
    more: Any = {"table": _table(run), "retention": kept, "general": general or None, "again": again(run)}
    more["calibration"] = kept_calibration(run)
    more["pairs"] = ref.roles.text_pair is not None
    write_run_report(
        folder,
        report,
        plan=run.plan,
        history=run.history,
        data_stats=ref.stats,
        errors=_errors(task, run.plan.labels, predictions),
        counters=outcome.get("counters", {}),
        cost=outcome,
        **{name: item for name, item in more.items() if item is not None},
    )
    if report.split == "test" and task.pipeline:  # the card tells what the model is worth on rows that chose nothing
        write_model_card(run.model, run.plan, report, ref)


def _table(run: Run) -> ParamTable | None:
    """The version that the run was planned from; None where rows were changed for this one run, or it is damaged."""
    from tunebook.tables.store import TableStore

    plan = run.plan
    store = TableStore(run.book / "tables")
    if plan.table_version not in store.versions():
        return None
    with suppress(BookError):
        table = store.get(plan.table_version)
        return table if table.values_id == plan.table else None
    return None


def _errors(task: Task, labels: Labels, predictions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The worst mistakes first."""
    bad = [(task.badness(record, labels), record) for record in predictions]
    wrong = sorted(((far, record) for far, record in bad if far is not None), key=lambda item: -item[0])
    return [record for _, record in wrong[:_ERRORS]]


def again(run: Run) -> list[str]:
    """Commands that repeat a run and its scores, for the shell; `BOOK` stands for the folder of the book."""
    from tunebook.verbs.soup import read_recipe

    recipe = read_recipe(run)
    first = _soup(recipe) if recipe else [*train_words(run, BOOK), "--again"]
    return [shlex.join(["tunebook", *words]) for words in (first, ["eval", BOOK, "--run", "latest"])]


def _soup(recipe: Recipe) -> list[str]:
    return ["soup", BOOK, *(item.run for item in recipe.ingredients), "--method", recipe.method]


def train_words(run: Run, book: str) -> list[str]:
    """The words after `tunebook` that train the plan of a run: one that stopped goes on.

    Args:
        book: its folder, as the words name it.
    """
    plan, words = run.plan, ["train", book]
    if plan.values:
        home = home_of(run.path)
        table = run.path.absolute() / TABLE
        words += ["--table", f"{book}/{table.relative_to(home).as_posix()}" if home else str(table)]
    elif plan.table_version:
        words += ["--table", f"v{plan.table_version}", *_seed(run, plan)]
    if plan.continues is not None:
        beside = plan.continues.parent == run.path.absolute().parent
        words += ["--continue-from", plan.continues.name if beside else str(plan.continues)]
    words += [f"--allow-{name.replace('_', '-')}" for name in plan.allowed]
    return words


def _seed(run: Run, plan: Plan) -> list[str]:
    """The seed, where it is not that of the version: the arms of a test have seeds of their own."""
    from tunebook.tables.store import TableStore

    with suppress(TunebookError):
        if TableStore(run.book / "tables").get(plan.table_version).values()["seed"] == plan.seed:
            return []
    return ["--set", f"seed={plan.seed}"]


__all__ = ["BOOK", "again", "evaluate", "train_words"]
