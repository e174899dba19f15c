"""Tables that are drawn near a given one: within the declared ranges, spread evenly, the same every time."""

from __future__ import annotations

import itertools
import math

import pytest

from tunebook.core.nouns import ParamTable
from tunebook.racing.candidates import moved, near
from tunebook.tables.in_force import diff
from tunebook.tables.make import new_table
from tunebook.trials.space import Axis

RATE = Axis(name="learning_rate", kind="float", low=1e-6, high=1e-3, log=True)
SHARE = Axis(name="warmup_ratio", kind="float", low=0.0, high=0.3)
EPOCHS = Axis(name="max_epochs", kind="int", low=1, high=10)
COUNT = 6


def drawn(*tables: ParamTable, count: int = COUNT, seed: str = "x") -> list[ParamTable]:
    return list(itertools.islice(near(tables or (new_table({}),), COUNT, seed), count))


@pytest.mark.parametrize(
    ("axis", "value", "ends"),
    [
        (RATE, 1e-4, (2.5e-5, 4e-4)),
        (RATE, 8e-4, (2e-4, 1e-3)),
        (RATE, 5e-3, (1e-6, 1e-3)),
        (RATE, None, (1e-6, 1e-3)),
        (SHARE, 0.15, (0.05, 0.25)),
        (SHARE, 0.0, (0.0, 0.1)),
        (EPOCHS, 5, (2, 8)),
    ],
)
def test_the_neighbourhood_of_a_value(axis: Axis, value: float | None, ends: tuple[float, float]) -> None:
    assert moved(axis, value, 0.0) == pytest.approx(ends[0]) and moved(axis, value, 1.0) == pytest.approx(ends[1])
    middle = moved(axis, value, 0.5)
    assert isinstance(middle, int if axis.kind == "int" else float)
    wanted = math.sqrt(ends[0] * ends[1]) if axis.log else sum(ends) / 2
    assert middle == pytest.approx(wanted, rel=0.01, abs=0.5 if axis.kind == "int" else 1e-9)


def test_a_handful_covers_the_range_of_the_rate() -> None:
    table = new_table({"learning_rate": 1e-4})
    rates = sorted(float(item.values()["learning_rate"]) for item in drawn(table))  # type: ignore[arg-type]
    parts = [int(math.log(rate / 2.5e-5) / math.log(16) * COUNT) for rate in rates]
    assert parts == list(range(COUNT)), "one in each sixth of the way from a quarter to four times"


def test_each_differs_from_its_parent_in_rows_that_a_search_may_try() -> None:
    table = new_table({"learning_rate": 1e-4, "layer_decay": "on"})
    names = set()
    for item in drawn(table, count=5 * COUNT):
        rows = [row["row"] for row in diff(table, item)]
        assert rows[0] == "learning_rate" and item.parent is None
        names |= set(rows)
    usual = {"learning_rate", "batch_size", "warmup_ratio", "weight_decay", "max_epochs", "layer_decay.rate"}
    assert names == usual
    fixed = new_table({"max_steps": 50})
    assert all("max_epochs" not in {row["row"] for row in diff(fixed, item)} for item in drawn(fixed, count=30))


def test_parents_take_turns_and_the_seed_decides() -> None:
    one, two = new_table({"dropout": 0.1}), new_table({"dropout": 0.2})
    assert [item.values()["dropout"] for item in drawn(one, two)] == [0.1, 0.2] * 3
    values = [item.values() for item in drawn()]
    assert [item.values() for item in drawn()] == values != [item.values() for item in drawn(seed="y")]
    assert len({item.values_id for item in drawn(count=4 * COUNT)}) == 4 * COUNT, "nor does a second handful repeat"
