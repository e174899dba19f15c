"""The report of a run: one HTML file that needs nothing else."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, NotRequired, TypedDict, Unpack

from tunebook.core.calibrates import Calibration
from tunebook.core.formatting import baseline_name, head_text, moment, noticed, phrase, share_text, stage_names
from tunebook.core.lineage import General, Retention
from tunebook.core.messages import say
from tunebook.core.nouns import ParamTable, Plan, Report
from tunebook.core.registry import task_of
from tunebook.report import scores, training
from tunebook.report.calibration import calibration_view, otherwise
from tunebook.report.general import general_view
from tunebook.report.page import side_by_side, write_page
from tunebook.report.retention import retention_view
from tunebook.report.rows import data_view
from tunebook.report.scores import standing

# Below these numbers of rows a score is too coarse to build on.
_FEW_ROWS, _FEW_OF_CLASS = 1000, 30


class RunParts(TypedDict):
    """What a report tells beside the scores.

    Keys:
        history: records such as {"step": 40, "epoch": 1, "loss": 0.7, "eval_loss": 0.5, "eval_accuracy": 0.8}.
        data_stats: figures of the rows (`DataRef.stats`).
        errors: mistakes, worst first, as `predictions.jsonl` has them.
        counters: technique -> what it did.
        cost: seconds, rows_per_second, peak_memory_bytes, device ...; `best_step` is the checkpoint that was kept.
        table: the parameter table; brings reasons and the defaults of techniques.
        again: commands that repeat the run.
        retention: of a run that continues from others, what it still knows of their tasks.
        general: what it is worth on other books, beside its base model.
        calibration: how its probabilities are read.
    """

    plan: Plan
    history: list[dict[str, Any]]
    data_stats: dict[str, Any]
    errors: list[dict[str, Any]]
    counters: dict[str, dict[str, float]]
    cost: dict[str, Any]
    table: NotRequired[ParamTable]
    again: NotRequired[list[str]]
    retention: NotRequired[Retention]
    general: NotRequired[list[General]]
    calibration: NotRequired[Calibration]
    pairs: NotRequired[bool]


def write_run_report(folder: Path, report: Report, **parts: Unpack[RunParts]) -> Path:
    """Write `report.html` into a folder: scores, curves, mistakes, rows, parameters, cost, limits.

    Everything is inside the one file: no script, style, font or picture is fetched. Parts that are empty are left out.
    What is shown of the answers is the task's. From `report.extra` it takes `created`.
    """
    plan = parts["plan"]
    task, calibration = task_of(plan.task)(), parts.get("calibration")
    return write_page(
        folder / "report.html",
        "run.html.j2",
        report=report,
        plan=plan,
        standing=standing(report),
        hint=scores.probe_hint(scores.probe_may_pay(report, plan, parts.get("pairs", False))),
        facts=_facts(report, plan),
        baselines=[baseline_name(name) for name in report.baselines],
        scores=scores.score_rows(report),
        retention=retention_view(parts.get("retention")),
        general=general_view(parts.get("general")),
        calibration=calibration_view(calibration, grouped=report.groups > 0),
        headline_plot=scores.headline_plot(report),
        curves=training.curve_plots(parts["history"], report.headline, parts["cost"].get("best_step")),
        interval_notes=[*otherwise(calibration.cuts if calibration else None, report), *scores.all_notes(report)],
        answers=side_by_side(task.sections(report, plan.labels)),
        errors=task.mistakes(parts["errors"], plan.labels) if parts["errors"] else None,
        data=data_view(parts["data_stats"]),
        parameters=training.parameter_rows(plan, parts.get("table")),
        techniques=training.technique_rows(plan, parts["counters"]),
        cost=training.cost_rows(parts["cost"]),
        limits=limits(report, plan) + noticed(parts["counters"]),
        again=parts.get("again", []),
    )


def _facts(report: Report, plan: Plan) -> list[tuple[str, str]]:
    created = report.extra.get("created") or datetime.now().astimezone().isoformat()
    cut = say("report.fact.cut", length=plan.params.max_length)
    return [
        (say("report.fact.run"), report.run),
        (say("report.fact.task"), phrase("task", plan.task)),
        (say("report.fact.model"), plan.model),
        *([(say("cli.head"), head_text(plan))] if plan.head else []),
        (say("report.fact.rows"), f"{report.rows:,} ({phrase('split', report.split)})"),
        (say("report.fact.table"), f"v{plan.table_version}" if plan.table_version else say("report.unsaved")),
        *([(say("stages.fact"), stage_names(plan))] if plan.stages else []),
        (say("report.fact.seed"), str(plan.seed)),
        *([] if task_of(plan.task).windows else [(cut, share_text(plan.estimate.cut_share))]),
        *([(say("report.data.without"), share_text(left))] if (left := plan.estimate.left_out_share) else []),
        (say("report.fact.created"), moment(str(created))),
    ]


def limits(report: Report, plan: Plan) -> list[str]:
    """What the scores do not say, as far as it can be told from them."""
    thin = [name for name, row in report.per_class.items() if 0 < row.get("support", _FEW_OF_CLASS) < _FEW_OF_CLASS]
    absent = [name for name, row in report.per_class.items() if row.get("support") == 0]
    inner = plan.labels.kind.classes == "none"  # what has a type lies inside of rows
    found = [say("report.limit.rows"), say("report.limit.seed")]
    if report.split == "validation":
        found.append(say("report.limit.validation"))
    if report.rows < _FEW_ROWS:
        found.append(say("report.limit.few", rows=report.rows))
    if absent:
        found.append(
            say(
                "report.limit.absent_types" if inner else "report.limit.absent",
                count=len(absent),
                classes=_some(absent),
            )
        )
    if thin:
        found.append(
            say(
                "report.limit.thin_types" if inner else "report.limit.thin",
                count=len(thin),
                least=_FEW_OF_CLASS,
                classes=_some(thin),
            )
        )
    if plan.labels.names and plan.labels.kind.link != "identity":
        found.append(say("report.limit.types" if inner else "report.limit.closed"))
    return found


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (" …" if len(names) > 8 else "")


__all__ = ["RunParts", "limits", "write_run_report"]
