"""The page of a run's scores, written as they are found, and anew of what is kept; and how to repeat the run."""

from __future__ import annotations

import json
import shlex
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tunebook.core.errors import BookError, TunebookError
from tunebook.core.folders import reading
from tunebook.core.lineage import Recipe
from tunebook.core.locations import home_of
from tunebook.core.nouns import DataRef, Labels, ParamTable, Plan, Report, Split, read_json
from tunebook.core.registry import tasks
from tunebook.core.task import Task
from tunebook.verbs.steps.calibration import kept_calibration
from tunebook.verbs.steps.general import read_general
from tunebook.verbs.steps.retention import read_retention
from tunebook.verbs.steps.runs import TABLE, Run

REPORT, PREDICTIONS = "report.json", "predictions.jsonl"
BOOK = "BOOK"  # stands for the folder of the book
_ERRORS = 30  # that a page shows


def write_report(run: Run, ref: DataRef, report: Report, predictions: list[dict[str, Any]]) -> Path:
    """Write report.html of a split, with all that is known of the run.

    Args:
        ref: the rows; predictions: a record a row, as `predictions.jsonl` holds them.
    """
    from tunebook.report.run import write_run_report

    task, outcome = tasks()[run.plan.task](), run.outcome
    kept = read_retention(run) if report.split == "test" else None
    general = read_general(run) if report.split == "test" else None
    more: Any = {"table": _table(run), "retention": kept, "general": general or None, "again": again(run)}
    more["calibration"] = kept_calibration(run)
    more["pairs"] = ref.roles.text_pair is not None
    return write_run_report(
        run.results(report.split),
        report,
        plan=run.plan,
        history=run.history,
        data_stats=ref.stats,
        errors=_errors(task, run.plan.labels, predictions),
        counters=outcome.get("counters", {}),
        cost=outcome,
        **{name: item for name, item in more.items() if item is not None},
    )


def rewrite_report(run: Run, split: Split = "test") -> Path | None:
    """Write report.html of a split anew, of what `evaluate` has kept; None where that is gone, or is of other rows.

    Raises:
        BookError: `file.damaged`.
    """
    from tunebook.data.frozen import prepared_data

    place, said = (run.results(split) / name for name in (REPORT, PREDICTIONS))
    if not (place.is_file() and said.is_file()):
        return None
    report: Report = read_json(Report, place)
    ref = prepared_data(run.plan)
    if report.content != ref.content:
        return None
    with reading(said):
        predictions = [json.loads(line) for line in said.read_text(encoding="utf-8").split("\n") if line]
    when = datetime.fromtimestamp(place.stat().st_mtime, UTC).astimezone().isoformat()
    report = report.model_copy(update={"extra": {"created": when, **report.extra}})
    return write_report(run, ref, report, predictions)


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


__all__ = ["BOOK", "PREDICTIONS", "REPORT", "again", "rewrite_report", "train_words", "write_report"]
