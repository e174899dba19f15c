"""Curves, parameters and cost of a report."""

import math

import pytest

from tests.report import sample_run as sample
from tunebook.core.nouns import Labels, ParamTable, TableRow
from tunebook.report.training import chosen_step, cost_rows, curve_plots, parameter_rows, points_of

PLAN = sample.plan_of(Labels(problem="single_label", names=["a", "b"]))
HISTORY = [
    {"step": 10, "loss": 1.0},
    {"step": 20, "loss": math.nan, "eval_loss": 0.8, "eval_accuracy": 0.7},
    {"step": 30, "eval_accuracy": 0.9, "eval_loss": 0.6},
    {"step": 40, "eval_accuracy": 0.9, "eval_loss": 0.5},
    {"note": "no step", "loss": 3.0},
]


def test_points_are_finite_and_have_a_step():
    assert points_of(HISTORY, "loss") == [(10.0, 1.0)]
    assert points_of(HISTORY, "eval_accuracy") == [(20.0, 0.7), (30.0, 0.9), (40.0, 0.9)]


@pytest.mark.parametrize(("metric", "step"), [("accuracy", 30.0), ("loss", 40.0)])
def test_the_first_best_look_is_chosen(metric, step):
    assert chosen_step(HISTORY, metric) == step


def test_nothing_is_chosen_without_a_look():
    assert math.isnan(chosen_step(HISTORY, "f1"))
    plots = curve_plots([{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.5}], "f1")
    assert len(plots) == 1
    assert "chosen" not in plots[0].replace("class=", "")


@pytest.mark.parametrize(("step", "side"), [(250, "end"), (50, "start")])
def test_the_kept_checkpoint_is_marked_inside_the_plot(step, side):
    plot = curve_plots(sample.history(), "accuracy", step)[1]
    assert f'text-anchor="{side}">chosen<' in plot


def test_long_histories_are_thinned():
    history = [{"step": step, "loss": 1 / step} for step in range(1, 5000)]
    line = curve_plots(history, "accuracy")[0].split('points="')[1].split('"')[0]
    assert len(line.split()) <= 240


def test_parameters_tell_value_default_and_reason():
    rows = {row["name"]: row for row in parameter_rows(PLAN, sample.TABLE)}
    rate = rows["learning_rate"]
    assert (rate["value"], rate["default"], rate["reason"], rate["changed"]) == (
        "3e-05",
        "5e-05",
        "small data set",
        True,
    )
    assert not rows["batch_size"]["changed"]
    assert rows["fgm.epsilon"]["text"] == "length of the shift"
    assert rows["fgm.epsilon"]["default"] == "1"


def test_without_a_table_the_default_of_a_technique_is_unknown():
    rows = {row["name"]: row for row in parameter_rows(PLAN, None)}
    assert rows["fgm.epsilon"]["default"] == "–"
    assert rows["learning_rate"]["text"] == "peak step size of the optimiser"


def test_descriptions_are_chinese_where_the_declaration_is(chinese):
    table = ParamTable(rows={"learning_rate": TableRow(value=1.0, description="english")})
    rows = {row["name"]: row for row in parameter_rows(PLAN, table)}
    assert rows["learning_rate"]["text"] == "优化器的峰值学习率"


def test_what_was_trained_is_told_with_its_share_and_what_is_stored():
    told = dict(cost_rows({"trained": 1500, "parameters": 60_000, "stored_bytes": 12_288}))
    assert told == {"Of them trained": "1,500 (2.5%)", "Parameters": "60,000", "Stored": "12 KiB"}
    assert dict(cost_rows({"trained": 7})) == {"Of them trained": "7"}


def test_cost_is_told_in_units_and_leaves_records_out():
    cost = {
        "seconds": 30,
        "eval_seconds": 7200.0,
        "peak_memory_bytes": 5e8,
        "device": "cpu",
        "counters": {},
        "ok": True,
    }
    assert dict(cost_rows({**cost, "note": ""})) == {
        "Training time": "30.0 s",
        "eval_seconds": "2.0 h",
        "Peak memory": "477 MiB",
        "Device": "cpu",
    }
