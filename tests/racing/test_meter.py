"""The clock of an auto: what counts, and when it stops the work."""

from __future__ import annotations

import pytest

from tunebook.core.progress import Silent
from tunebook.racing.meter import Meter, OutOfTimeError


class Watch(Silent):
    """Hears what is passed on."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def start(self, what: str, total: int, done: int = 0) -> None:
        self.heard.append(f"start {what}")

    def finish(self) -> None:
        self.heard.append("finish")

    def note(self, text: str) -> None:
        self.heard.append(text)


def meter(before: float = 0.0, limit: float = 100.0) -> tuple[Meter, dict[str, float], Watch]:
    clock, watch = {"now": 5.0}, Watch()
    return Meter(watch, before, limit, lambda: clock["now"]), clock, watch


def test_earlier_calls_count() -> None:
    found, clock, _ = meter(before=60.0)
    clock["now"] += 30
    assert (found.spent, found.left) == (90.0, 10.0)
    found.need(10.0)
    with pytest.raises(OutOfTimeError):
        found.need(10.1)


def test_a_training_ends_where_the_time_is_over() -> None:
    found, clock, watch = meter()
    found.start("tokenise", 10)
    clock["now"] += 200
    found.advance(5)
    found.finish()
    found.start("train", 10)
    with pytest.raises(OutOfTimeError):
        found.advance()
    found.unwind()
    found.unwind()
    assert watch.heard == ["start tokenise", "finish", "start train", "finish"]


def test_a_test_goes_no_further_than_the_rest_pays_for() -> None:
    found, clock, watch = meter()
    found.price = 20.0
    clock["now"] += 90
    found.start("train", 10)
    found.finish()
    found.start("ab", 6)
    with pytest.raises(OutOfTimeError):
        found.start("train", 10)
    assert watch.heard[-1] == "start ab"
    found.price = 10.0
    found.start("train", 10)
    found.unwind()
    found.start("promote", 6)
    found.price = 20.0
    with pytest.raises(OutOfTimeError):
        found.start("train", 10)


def test_notes_are_passed_on_and_too_many_ends_do_no_harm() -> None:
    found, _, watch = meter()
    found.note("look")
    found.finish()
    assert watch.heard == ["look", "finish"]
