"""The part of a report on training: curves, parameters, techniques, cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from tunebook.core.formatting import duration, memory, metric_name, number, phrase, share_text, shown, sign_of
from tunebook.core.messages import language, say
from tunebook.core.nouns import ParamTable, Plan
from tunebook.core.params import Declaration, Value, declarations
from tunebook.core.settings import Settings
from tunebook.report.plan_words import technique_values
from tunebook.report.plots.curves import Curve, curve_plot

History = Sequence[Mapping[str, Any]]


def curve_plots(history: History, metric: str, best_step: float | None = None) -> list[Markup]:
    """The plot of the losses and the plot of the metric, as far as the history holds them.

    `best_step` is marked; None marks the step with the best metric.
    """
    chosen = (chosen_step(history, metric) if best_step is None else best_step, say("report.chosen"))
    step = say("report.step")
    losses = [
        Curve(say("report.loss_train"), points_of(history, "loss")),
        Curve(say("report.loss_validation"), points_of(history, "eval_loss"), dots=True),
    ]
    score = Curve(metric_name(metric), points_of(history, f"eval_{metric}"), dots=True)
    plots = [
        (say("report.plot.loss"), [curve for curve in losses if curve.points], say("report.loss")),
        (say("report.plot.metric"), [score] if score.points else [], metric_name(metric)),
    ]
    return [curve_plot(label, curves, (step, name), chosen) for label, curves, name in plots if curves]


def points_of(history: History, name: str) -> list[tuple[float, float]]:
    """Points (step, value) of the records that hold a finite value of this name."""
    found = [(record.get("step"), record.get(name)) for record in history]
    return [
        (float(step), float(value))
        for step, value in found
        if isinstance(step, int | float) and isinstance(value, int | float) and math.isfinite(value)
    ]


def chosen_step(history: History, metric: str) -> float:
    """Step of the checkpoint with the best metric on validation rows, the first of equal ones; NaN for none."""
    sign = sign_of(metric)
    points = points_of(history, f"eval_{metric}")
    return max(points, key=lambda point: sign * point[1], default=(math.nan, 0.0))[0]


def parameter_rows(plan: Plan, table: ParamTable | None) -> list[dict[str, Any]]:
    """One record a row of the table: name, value, default, what it is, why it has its value."""
    declared = {item.name: item for item in declarations(Settings)}
    values: dict[str, Value] = plan.params.model_dump()
    for key, params in plan.techniques.items():
        values.update({f"{key}.{name}": value for name, value in params.items()})
    return [_parameter(name, value, declared.get(name), table) for name, value in values.items()]


def _parameter(name: str, value: Value, declared: Declaration | None, table: ParamTable | None) -> dict[str, Any]:
    row = table.rows.get(name) if table else None
    text = (declared.row.zh if language() == "zh" else declared.row.text) if declared else ""
    if row and row.description and not (text and language() == "zh"):
        text = row.description
    known = declared is not None or row is not None
    default = declared.default if declared else row.default if row else None
    return {
        "name": name,
        "value": shown(value),
        "default": shown(default) if known else "–",
        "changed": known and value != default,
        "text": text,
        "reason": row.reason if row else "",
    }


def technique_rows(plan: Plan, counters: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """One record a technique, in the order in which they were woven: its parameters and what it did."""
    return [
        {
            "name": key,
            "params": [*technique_values(key, params).items()],
            "did": [(name.replace("_", " "), number(amount)) for name, amount in counters.get(key, {}).items()],
        }
        for key, params in plan.techniques.items()
    ]


def cost_rows(cost: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What training cost, in words; whatever is no single number or text is left out."""
    rows = []
    for name, value in cost.items():
        if isinstance(value, bool) or not isinstance(value, int | float | str) or value == "":
            continue
        rows.append((phrase("cost", name), _amount(name, value) + _share(name, cost)))
    return rows


def _share(name: str, cost: Mapping[str, Any]) -> str:
    """Of the parameters that were trained, their share."""
    known = name == "trained" and cost.get("parameters")
    return f" ({share_text(cost['trained'] / cost['parameters'])})" if known else ""


def _amount(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return value
    if name.endswith("seconds"):
        return duration(value)
    return memory(value) if name.endswith("bytes") else number(value)


__all__ = [
    "chosen_step",
    "cost_rows",
    "curve_plots",
    "parameter_rows",
    "points_of",
    "technique_rows",
]
