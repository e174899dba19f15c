"""EMBEDDINGS: does the proposed table make an embedding model better than its base on real pairs and passages?

Each cell makes a book of a set as a user would, trains the table that is proposed, or one with a few rows changed, and
scores the test rows beside the base model as it comes. What is told is the score of each with its interval, and the
interval of the difference, paired by row: for means by Student's t over queries, for Spearman by the bootstrap over
pairs. One seed a cell: it shows what a table does, not how much seeds differ. A later call goes on with the cells that
are missing.

    OMP_NUM_THREADS=1 python -m benchmarks EMBEDDINGS [--minutes 12] [--only en_stsb]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import RESULTS, write_result
from benchmarks.retrieval_sets import GRADED, MODELS, write_set

Cell = dict[str, Any]
SHORT = {"max_length": 128}  # tokens of a passage, so that two cores are enough
CELLS: tuple[Cell, ...] = (
    {"set": "en_stsb"},
    {"set": "en_cranfield", "changed": SHORT},
    {"set": "zh_stsb", "rows": 1000},
    {"set": "zh_cmrc2018_dev", "rows": 960, "changed": {**SHORT, "max_steps": 60}},
    {"set": "zh_afqmc", "rows": 1600, "changed": {"max_steps": 100}},
)


def book_of(cell: Cell, folder: Path) -> Any:
    """The book of a cell in a folder."""
    import tunebook as tb
    from tunebook.data.options import DataOptions

    name = cell["set"]
    columns = {"text": "text", "text_pair": "text2", "label": "score", "problem": "regression"}
    options = DataOptions(task="embedding", **(columns if name in GRADED else {}))
    files = write_set(name, folder / "files", cell.get("rows", 0))
    return tb.init(folder / "book", files, model=cell.get("model", MODELS[name]), options=options)


def measured(cell: Cell) -> Cell:
    """Train a cell, and score it beside its baselines."""
    import tunebook as tb
    from tunebook.tables.make import child

    with tempfile.TemporaryDirectory(prefix="tunebook-") as scratch:
        begun = time.process_time()
        book = book_of(cell, Path(scratch))
        changed = cell.get("changed", {})
        table = child(book.champion, changed) if changed else book.champion
        run = tb.train(tb.plan(table, book.data, seed=cell.get("seed", 0)), track=())
        learnt = time.process_time() - begun
        history = [entry for entry in run.history if f"eval_{run.plan.params.metric}" in entry]
        rows = ("learning_rate", "batch_size", "max_epochs", "max_length", "warmup_ratio", "weight_decay")
        return {
            "table": {name: table.rows[name].value for name in rows},
            "rows": book.data.rows,
            "steps": run.outcome["steps"],
            "looks": [entry[f"eval_{run.plan.params.metric}"] for entry in history],
            "training_seconds": learnt,
            **compared(run, book.data),
        }


def compared(run: Any, data: Any) -> Cell:
    """Scores of a run and of its baselines on the test rows with their intervals, and of each metric the difference of
    the run and each baseline."""
    from tunebook.core.registry import task_of
    from tunebook.data.load import load
    from tunebook.verbs.steps.answers import answers, baseline_answers

    plan, rows = run.plan, load(data, "test")
    task = task_of(plan.task)()
    said = {name: np.asarray(item.logits, np.float32) for name, item in baseline_answers(plan, data, "test").items()}
    said["tuned"] = answers(run, rows, "test")
    names = [metric.key for metric in task.metrics(plan.labels)]
    found: Cell = {"scores": {}, "gains": {}}
    for who, answer in said.items():
        ends = task.intervals(answer, rows.targets, plan.labels)
        found["scores"][who] = {name: [ends[name].value, ends[name].low, ends[name].high] for name in names}
    for who in said:
        if who != "tuned":
            both = (said["tuned"], said[who])
            found["gains"][who] = {name: difference(task, both, rows.targets, plan.labels, name) for name in names}
    return found


def difference(task: Any, both: tuple[Any, Any], targets: Any, labels: Any, metric: str) -> list[float]:
    """By how much the first answers score better than the others, with both ends of 95 %."""
    from tunebook.stats.bootstrap import bootstrap_interval
    from tunebook.stats.intervals import of_mean

    each = [task.row_scores(answer, targets, labels, metric) for answer in both]
    if each[0] is not None:
        found = of_mean(each[0] - each[1], None)
    else:
        first, second = (task.scorer(answer, targets, labels, metric) for answer in both)
        found = bootstrap_interval(
            lambda drawn: first(drawn) - second(drawn), len(targets), resamples=1000, method="percentile"
        )
    return [found.value, found.low, found.high]


def main(claim: str, arguments: list[str]) -> Path:
    """Measure the cells that are missing until the budget is spent."""
    read = argparse.ArgumentParser()
    read.add_argument("--minutes", type=float, default=12.0, help="processor time of this call")
    read.add_argument("--only", default="", help="part of a set's name")
    options = read.parse_args(arguments)
    path = RESULTS / f"{claim}.json"
    done: list[Cell] = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.is_file() else []
    for cell in CELLS:
        if options.only not in cell["set"] or any(one["cell"] == cell for one in done):
            continue
        if time.process_time() > 60 * options.minutes:
            break
        done.append({"cell": cell, **measured(cell)})
        print(json.dumps(done[-1]), flush=True)
        write_result(claim, {"seeds": 1, "cells": done})
    return path


__all__ = ["CELLS", "book_of", "compared", "difference", "main", "measured"]
