"""The pace of a book: what its last runs took by the clock, for each second that was foretold of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tunebook.core.files import write_whole
from tunebook.core.nouns import Estimate, write_json
from tunebook.report.plan_words import estimate_text, time_text
from tunebook.verbs.abtest.arms import Arm, expected_seconds
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.pace import Pace, pace_of
from tunebook.verbs.steps.plan import plan


def needs(seconds: float, clock: float = 0.0) -> Estimate:
    return Estimate(
        seconds=seconds, clock_seconds=clock, memory_bytes=2**20, steps=10, parameters=3, trained=3
    )  # fmt: skip


def ran(book: Book, number: int, foretold: float, took: float, stages: float = 0.0) -> Path:
    """A finished run of other values than the champion's."""
    made = plan(book.champion, book.data, seed=number).model_copy(
        update={"estimate": needs(foretold), "table": "other"}
    )
    path = book.path / "runs" / f"20260101-00000{number}-{made.id}"
    write_json(made, path / "plan.json")
    told = {"seconds": took, "stage_seconds": stages, "rows_per_second": 1, "peak_memory_bytes": 1, "steps": 1}
    write_whole(path / "outcome.json", json.dumps({**told, "device": "cpu"}))
    return path


def test_the_last_runs_tell_how_fast_a_machine_is(book: Book) -> None:
    runs = book.path / "runs"
    assert pace_of(runs) == Pace() and Pace().seconds(needs(10.0, 30.0)) == 30.0 and Pace().seconds(needs(10.0)) == 10.0
    ran(book, 0, 10.0, 1000.0)  # long ago
    for number, took in enumerate((10.0, 20.0, 40.0, 50.0), 1):
        ran(book, number, 10.0, took - 5.0, 5.0)
    found = pace_of(runs)
    assert found == Pace(4.0, 5) and found.seconds(needs(60.0, 70.0)) == 240.0
    write_whole(ran(book, 5, 10.0, 30.0) / "plan.json", "{")
    assert pace_of(runs) == found, "what cannot be read tells nothing"
    ran(book, 6, 10.0, 10.0)
    assert pace_of(runs) == Pace(2.0, 5), "the one of long ago no longer counts"


def test_a_test_is_foretold_at_that_pace(book: Book) -> None:
    arm = Arm(book.champion, plan(book.champion, book.data, seed=0))
    runs, whole = book.path / "runs", arm.base.whole
    assert expected_seconds(runs, arm, [11, 12]) == 2 * max(whole.seconds, whole.clock_seconds)
    ran(book, 1, 10.0, 70.0)
    assert expected_seconds(runs, arm, [11, 12]) == pytest.approx(14 * whole.seconds)


def test_how_a_time_is_known_is_said() -> None:
    assert "estimate" in time_text(240.0, Pace()) and "4.0 min" in time_text(240.0, Pace())
    assert "last runs (5)" in time_text(240.0, Pace(4.0, 5))
    told = estimate_text(needs(60.0, 300.0), Pace(4.0, 5))
    assert "60.0 s" in told and "by the clock" in told and "4.0 min" in told and "5.0 min" not in told
    assert estimate_text(needs(60.0, 300.0), Pace()) == estimate_text(needs(60.0, 300.0))
