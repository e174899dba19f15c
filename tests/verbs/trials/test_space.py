"""Which rows a search varies, and between which ends."""

from __future__ import annotations

from typing import Any

import optuna
import pytest

from tunebook.core.errors import PlanError, TableError
from tunebook.tables.declared import declared
from tunebook.tables.make import new_table
from tunebook.verbs.trials.space import USUAL, Axis, make_space, searchable

TABLE = new_table({})
DECAY = new_table({"layer_decay.rate": 0.9})


def names(**given: Any) -> list[str]:
    return [axis.name for axis in make_space(TABLE, **given).axes]


def trial(**values: Any) -> Any:
    return optuna.trial.FixedTrial(values)


def test_the_usual_rows_and_those_of_the_techniques_that_are_on() -> None:
    assert names() == list(USUAL)
    assert [axis.name for axis in make_space(DECAY).axes] == [*USUAL, "layer_decay.rate"]
    fixed = new_table({"warmup_steps": 3})
    assert "warmup_ratio" not in [axis.name for axis in make_space(fixed).axes]


def test_ranges_come_from_the_declarations() -> None:
    rate, batch = make_space(TABLE, ["lr", "batch-size"]).axes
    assert rate == Axis(name="learning_rate", kind="float", low=1e-6, high=1e-3, log=True)
    assert batch == Axis(name="batch_size", kind="int", low=8, high=64, log=True)


def test_every_declared_range_lies_within_the_bounds_of_its_row() -> None:
    for row in searchable(declared().values()):
        search = declared()[row].row.search
        assert search is not None
        for sign, end in declared()[row].bounds:
            held = {">": search.low > end, ">=": search.low >= end, "<": search.high < end, "<=": search.high <= end}
            assert held[sign], row


def test_a_narrower_range_and_a_row_that_only_a_range_names() -> None:
    space = make_space(TABLE, ["learning_rate"], {"lr": (1e-5, 1e-4), "max_epochs": (2, 4)})
    assert [(axis.name, axis.low, axis.high) for axis in space.axes] == [
        ("learning_rate", 1e-5, 1e-4),
        ("max_epochs", 2, 4),
    ]


@pytest.mark.parametrize(
    ("given", "code", "key"),
    [
        ({"rows": ["learning_rat"]}, "row.unknown", "learning_rat"),
        ({"rows": ["optimizer"]}, "search.no_range", "optimizer"),
        ({"rows": ["freeze.layers"]}, "search.off", "freeze.layers"),
        ({"rows": ["layer_decay.rate"]}, "search.off", "layer_decay.rate"),
        ({"ranges": {"lr": (1e-7, 1e-4)}}, "search.range", "learning_rate"),
        ({"ranges": {"lr": (1e-5, 1e-2)}}, "search.range", "learning_rate"),
        ({"ranges": {"lr": (1e-4, 1e-5)}}, "search.range", "learning_rate"),
        ({"ranges": {"lr": (1e-4, 1e-4)}}, "search.range", "learning_rate"),
        ({"ranges": {"lr": (1e-4, float("nan"))}}, "search.range", "learning_rate"),
        ({"ranges": {"batch_size": (8, 16.5)}}, "search.range", "batch_size"),
        ({"ranges": {"layer_decay": (0, 1)}}, "search.no_range", "layer_decay"),
    ],
)
def test_what_cannot_be_searched(given: dict[str, Any], code: str, key: str) -> None:
    with pytest.raises(TableError) as caught:
        make_space(TABLE, **given)
    assert (caught.value.code, caught.value.key) == (code, key)
    assert str(caught.value)


def test_the_allowed_rows_are_named() -> None:
    with pytest.raises(TableError, match="learning_rate, batch_size"):
        make_space(TABLE, ["seed"])


@pytest.mark.parametrize(("row", "other"), [("warmup_ratio", "warmup_steps"), ("max_epochs", "max_steps")])
def test_a_row_without_effect(row: str, other: str) -> None:
    with pytest.raises(PlanError) as caught:
        make_space(new_table({other: 5}), [row])
    assert caught.value.code == "search.idle"
    assert other in str(caught.value)


def test_rows_of_a_technique_only_where_it_is_on() -> None:
    space = make_space(TABLE, ["layer_decay.rate", "layer_decay", "learning_rate"])
    assert [axis.name for axis in space.axes] == ["layer_decay", "layer_decay.rate", "learning_rate"]
    assert space.draw(trial(layer_decay=False, learning_rate=1e-4)) == {"layer_decay": False, "learning_rate": 1e-4}
    drawn = space.draw(trial(layer_decay=True, learning_rate=1e-4, **{"layer_decay.rate": 0.9}))
    assert drawn == {"layer_decay": True, "layer_decay.rate": 0.9, "learning_rate": 1e-4}
    assert space.present(TABLE) == {"layer_decay": False, "learning_rate": TABLE.rows["learning_rate"].value}
    assert space.present(DECAY)["layer_decay.rate"] == 0.9
    assert space.present(DECAY)["layer_decay"] is True


def test_drawn_numbers_are_short_and_inside() -> None:
    axis = Axis(name="learning_rate", kind="float", low=1.2345e-5, high=1e-3, log=True)
    assert axis.draw(trial(learning_rate=3.217834e-5)) == 3.22e-5
    assert axis.draw(trial(learning_rate=1.2345e-5)) == 1.2345e-5


def test_what_a_table_has_off_the_axes_is_not_fixed() -> None:
    space = make_space(new_table({"learning_rate": 0.5}), ["learning_rate", "dropout", "batch_size"])
    table = new_table({"learning_rate": 0.5})
    assert space.present(table) == {"learning_rate": 0.5, "dropout": None, "batch_size": table.rows["batch_size"].value}
    assert set(space.fixed(table)) == {"batch_size"}


def test_a_grid_has_both_ends_and_the_middle_once() -> None:
    rate = Axis(name="learning_rate", kind="float", low=1e-5, high=1e-3, log=True)
    assert rate.points() == [1e-5, 1e-4, 1e-3]
    assert Axis(name="warmup_ratio", kind="float", low=0, high=0.3).points() == [0, 0.15, 0.3]
    assert Axis(name="max_epochs", kind="int", low=1, high=2).points() == [1, 2]
    grid = make_space(TABLE, ["layer_decay", "layer_decay.rate", "max_epochs"]).grid()
    assert len(grid) == 3 + 9, "off once for each number of epochs, on with each rate"
    assert len({tuple(point.items()) for point in grid}) == len(grid)


def test_the_tables_rate_is_not_searched_beside_a_methods_own() -> None:
    lora = new_table({"lora.rank": 4})
    found = [axis.name for axis in make_space(lora).axes]
    assert "lora.learning_rate" in found and "learning_rate" not in found
    with pytest.raises(PlanError) as caught:
        make_space(lora, ["lr"])
    assert (caught.value.code, caught.value.fields["other"]) == ("search.idle", "lora.learning_rate")
