"""Who races: distinct tables that can be planned, the recommended one first; those that cannot are noted."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest

from tests.books import QUICK
from tests.verbs.racing.contexts import spec
from tunebook.core.errors import PlanError
from tunebook.core.nouns import ParamTable
from tunebook.tables.in_force import diff
from tunebook.tables.make import child, new_table
from tunebook.verbs.racing import lineup
from tunebook.verbs.racing.lineup import line_up, moved, near
from tunebook.verbs.racing.state import AutoState, StateFile
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.trials.space import Axis

RATE = Axis(name="learning_rate", kind="float", low=1e-6, high=1e-3, log=True)
SHARE = Axis(name="warmup_ratio", kind="float", low=0.0, high=0.3)
EPOCHS = Axis(name="max_epochs", kind="int", low=1, high=10)
COUNT = 6


class Watch:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def start(self, what: str, total: int, done: int = 0) -> None:
        self.heard.append((what, total))

    def advance(self, amount: int = 1, **figures: float) -> None:
        self.heard.append("+")

    def finish(self) -> None:
        self.heard.append("end")


def begun(book: Book, tmp_path: Path, tries: int = 4) -> StateFile:
    return StateFile(tmp_path / "auto", AutoState(spec=spec(tries=tries)))


def test_the_recommended_table_and_its_neighbours(book: Book, tmp_path: Path) -> None:
    from tunebook.verbs.promote import promote

    added = book.tables.add(child(book.champion, {"lr_scheduler": "constant"}))
    promote(book, added.version, reason="for this test", force=True)
    state_file = begun(book, tmp_path)
    champion, watch = plan(book.champion, book.data), Watch()
    plans = line_up(book, state_file, champion, frozenset(), watch)
    assert watch.heard == [("lineup", 5), *["+"] * 5, "end"]
    state = state_file.state
    assert [item.name for item in state.candidates] == list(plans) == ["champion", "recommended", "2", "3", "4"]
    assert plans["champion"] == champion and len({item.id for item in plans.values()}) == 5
    assert state.named("recommended").changed == {"lr_scheduler": "linear"} and state.champion.changed == {}
    assert not state_file.folder.exists(), "nothing is written before the first purchase"
    before = book.tables.versions()
    again = Watch()
    assert line_up(book, state_file, champion, frozenset(), again) == plans and again.heard == watch.heard, (
        "at the next call it is read, not drawn"
    )
    assert book.tables.versions() == before


def test_a_table_that_cannot_be_planned_is_noted_and_another_is_drawn(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunebook.verbs.steps import plan as planning

    plain, calls = planning.plan, []

    def plan_of(*args: Any, **more: Any) -> Any:
        calls.append(args)
        if len(calls) in (2, 4):
            raise PlanError("auto.number", key="x", value=1)
        return plain(*args, **more)

    champion = plain(book.champion, book.data)
    monkeypatch.setattr(planning, "plan", plan_of)
    state_file = begun(book, tmp_path)
    plans = line_up(book, state_file, champion, frozenset())
    refused = [item for item in state_file.state.candidates if item.state == "refused"]
    assert len(plans) == 5 and len(refused) == 2 and "[auto.number]" in refused[0].why
    assert not {item.name for item in refused} & set(plans)
    assert set(line_up(book, state_file, champion, frozenset())) == set(plans)


def test_where_nothing_can_be_planned_the_champion_is_alone(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state_file = begun(book, tmp_path)
    champion = plan(book.champion, book.data)
    monkeypatch.setattr(lineup, "near", lambda *args: iter([book.champion] * 99))
    table = child(book.champion, QUICK)
    assert list(line_up(book, state_file, champion, frozenset())) == ["champion"]
    assert table.values_id != book.champion.values_id


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
