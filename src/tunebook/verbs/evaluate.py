"""Evaluate: run + rows -> report, with intervals, against baselines on the same rows."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef, Plan, Report, Split, write_json
from tunebook.core.progress import Progress
from tunebook.core.registry import tasks
from tunebook.core.task import Rows
from tunebook.verbs.run_report import PREDICTIONS, REPORT, write_report
from tunebook.verbs.steps.ahead import Side
from tunebook.verbs.steps.answers import answers, place_of
from tunebook.verbs.steps.business import own_metrics, scored
from tunebook.verbs.steps.general import general as measure_general
from tunebook.verbs.steps.general import general_books
from tunebook.verbs.steps.retention import retention, units_of
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.space import space


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

    folder = run.results(report.split)
    folder.mkdir(exist_ok=True)
    with (folder / PREDICTIONS).open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in predictions)
    write_json(report, folder / REPORT)
    write_report(run, ref, report, predictions)
    if report.split == "test" and tasks()[run.plan.task]().pipeline:
        write_model_card(run.model, run.plan, report, ref)  # what the model is worth on rows that chose nothing


__all__ = ["evaluate"]
