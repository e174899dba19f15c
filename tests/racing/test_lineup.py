"""Who races: distinct tables that can be planned, the recommended one first; those that cannot are noted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.books import QUICK
from tests.racing.desks import spec
from tunebook.core.errors import PlanError
from tunebook.racing import lineup
from tunebook.racing.lineup import line_up
from tunebook.racing.state import AutoState, Diary
from tunebook.tables.make import child
from tunebook.verbs.book import Book
from tunebook.verbs.plan import plan


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


def begun(book: Book, tmp_path: Path, tries: int = 4) -> Diary:
    return Diary(tmp_path / "auto", AutoState(spec=spec(tries=tries)))


def test_the_recommended_table_and_its_neighbours(book: Book, tmp_path: Path) -> None:
    from tunebook.verbs.promote import promote

    added = book.tables.add(child(book.champion, {"lr_scheduler": "constant"}))
    promote(book, added.version, reason="for this test", force=True)
    diary = begun(book, tmp_path)
    champion, watch = plan(book.champion, book.data), Watch()
    plans = line_up(book, diary, champion, frozenset(), watch)
    assert watch.heard == [("lineup", 5), *["+"] * 5, "end"]
    state = diary.state
    assert [item.name for item in state.candidates] == list(plans) == ["champion", "recommended", "2", "3", "4"]
    assert plans["champion"] == champion and len({item.id for item in plans.values()}) == 5
    assert state.named("recommended").changed == {"lr_scheduler": "linear"} and state.champion.changed == {}
    assert not diary.folder.exists(), "nothing is written before the first purchase"
    before = book.tables.versions()
    again = Watch()
    assert line_up(book, diary, champion, frozenset(), again) == plans and again.heard == watch.heard, (
        "at the next call it is read, not drawn"
    )
    assert book.tables.versions() == before


def test_a_table_that_cannot_be_planned_is_noted_and_another_is_drawn(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunebook.verbs import plan as planning

    plain, calls = planning.plan, []

    def plan_of(*args: Any, **more: Any) -> Any:
        calls.append(args)
        if len(calls) in (2, 4):
            raise PlanError("auto.number", key="x", value=1)
        return plain(*args, **more)

    champion = plain(book.champion, book.data)
    monkeypatch.setattr(planning, "plan", plan_of)
    diary = begun(book, tmp_path)
    plans = line_up(book, diary, champion, frozenset())
    refused = [item for item in diary.state.candidates if item.state == "refused"]
    assert len(plans) == 5 and len(refused) == 2 and "[auto.number]" in refused[0].why
    assert not {item.name for item in refused} & set(plans)
    assert set(line_up(book, diary, champion, frozenset())) == set(plans)


def test_where_nothing_can_be_planned_the_champion_is_alone(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    diary = begun(book, tmp_path)
    champion = plan(book.champion, book.data)
    monkeypatch.setattr(lineup, "near", lambda *args: iter([book.champion] * 99))
    table = child(book.champion, QUICK)
    assert list(line_up(book, diary, champion, frozenset())) == ["champion"]
    assert table.values_id != book.champion.values_id
