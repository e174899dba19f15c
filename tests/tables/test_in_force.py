"""Which row counts for a training setting."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests import small
from tests.efficient import METHODS
from torch import nn, ones
from torch.optim import SGD
from transformers import get_linear_schedule_with_warmup

from tunebook.tables.declared import settings_rows, technique_rows
from tunebook.tables.in_force import flat, giving_way, idle, peak_rate, peak_reached, replaced, used
from tunebook.tables.make import child, new_table

pytestmark = pytest.mark.usefixtures("real_techniques")


def test_the_tables_own_rate_counts_where_no_method_has_one():
    values = new_table({"learning_rate": 2e-5, "head_rate.factor": 2, "pretrain.file": "x.txt"}).values()
    assert replaced(values) == {} and used("learning_rate", values) == ("learning_rate", 2e-5)


@pytest.mark.parametrize("method", METHODS)
def test_a_methods_own_rate_takes_its_place(method):
    values = new_table({"learning_rate": 2e-5, f"{method}.learning_rate": 3e-3}).values()
    assert used("learning_rate", values) == (f"{method}.learning_rate", 3e-3)
    assert used("batch_size", values) == ("batch_size", 32)


def test_what_is_replaced_is_a_setting():
    found = {row.row.replaces for row in technique_rows().values()} - {""}
    assert found == {"learning_rate"} and found <= set(settings_rows())


def test_a_plans_rows_have_a_tables_names():
    plan = {"learning_rate": 1e-5}, {"lora": {"learning_rate": 1e-3, "rank": 8}, "fgm": {"epsilon": 1.0}}
    assert flat(*plan) == {"learning_rate": 1e-5, "lora.learning_rate": 1e-3, "lora.rank": 8, "fgm.epsilon": 1.0}


def test_rows_of_nobody_are_left_alone():
    assert replaced(["learning_rate", "gone.learning_rate"]) == {}


def plan(techniques, **settings):
    """As much of a plan as says the rate."""
    return SimpleNamespace(params=small.filled(**{"learning_rate": 1e-4, **settings}), techniques=techniques)


def test_the_peak_of_a_plan():
    assert peak_rate(plan({"head_rate": {"factor": 5}})) == ("learning_rate", 1e-4)
    assert peak_rate(plan({"ia3": {"learning_rate": 0.03}})) == ("ia3.learning_rate", 0.03)


@pytest.mark.parametrize(("steps", "share"), [(0, 0), (1, 0), (6, 0.5), (11, 1), (200, 1)])
def test_a_run_that_ends_in_its_warm_up_has_not_reached_the_peak(steps, share):
    assert peak_reached(plan({}, warmup_steps=10), steps) == pytest.approx(1e-4 * share)
    schedule = get_linear_schedule_with_warmup(SGD([nn.Parameter(ones(1))], lr=1e-4), 10, 300)
    reached = 0.0
    for _ in range(steps):
        reached = max(reached, schedule.get_last_lr()[0])
        schedule.optimizer.step()
        schedule.step()
    assert reached == pytest.approx(peak_reached(plan({}, warmup_steps=10), steps))


def test_without_warm_up_the_first_step_is_the_largest():
    assert peak_reached(plan({}), 1) == 1e-4


def test_a_changed_row_that_trains_nothing_is_told():
    values = new_table({"learning_rate": 2e-5, "lora.learning_rate": 3e-3}).values()
    assert idle(values, ["batch_size", "lora.learning_rate"]) == []
    (found,) = idle(values, ["learning_rate", "batch_size"])
    assert found["fields"] == {"row": "learning_rate", "replaced_by": "lora.learning_rate", "value": 3e-3}
    assert found["code"] == "table.replaced" and "lora.learning_rate = 0.003" in found["message"]


def test_what_was_proposed_gives_way_to_what_is_asked_for() -> None:
    proposed = new_table({"head_start.pooling": "auto"}, recommended={"head_start.pooling": "auto"})
    made = child(proposed, {"lora": "on"})
    assert "head_start.pooling" not in made.rows and "lora.rank" in made.rows
    assert "head_start" in made.note and "lora" in made.note
    assert "head_start.pooling" in child(proposed, {"ema": "on"}).rows, "which goes with it"
    assert "head_start.pooling" in child(proposed, {"seed": 2}).rows
    own = child(proposed, {"head_start.pooling": "first"})
    both = child(own, {"lora": "on"})
    assert {"head_start.pooling", "lora.rank"} <= set(both.rows), "what was set by hand stays, and the plan says no"
    asked = child(proposed, {"lora": "on", "head_start": "on"})
    assert {"head_start.pooling", "lora.rank"} <= set(asked.rows)
    assert giving_way(new_table({"fgm": "on"}), ["lora"]) == {}, "nobody proposed it"
