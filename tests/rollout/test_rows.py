"""What a rollout reads of the request log."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.logged import make_book
from tests.rolled import MemoryLog, Traffic, begun

from tunebook.requests.log import open_log
from tunebook.requests.record import Feedback
from tunebook.rollout.rows import rows_of, told
from tunebook.rollout.state import state


@pytest.fixture
def book(tmp_path):
    return make_book(tmp_path / "book")


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_rows_of_both_runs_and_of_nobody_else(book, tmp_path, kind):
    """From lists and from the real log the same."""
    log = MemoryLog() if kind == "memory" else open_log(tmp_path / "requests.sqlite")
    begun(book, stages=[0, 50, 100])
    traffic = Traffic(book, lambda n, new, rng: {"status": 500 if n == 3 else 200, "seconds": 0.5}, log=log).go(5)
    assert len(log.answered()) == 10
    one = traffic._row(type("C", (), {"stage": 1, "unit": "ff"}), "x", "shadow", traffic.now)
    # Of another run, of no stage, of one that there is not, of the live run in shadow, and of before.
    log.append([one, replace(one, version="b", stage=0), replace(one, version="b", stage=9)])
    log.append([replace(one, version="a"), replace(one, version="b", at=state(book).begun - 1)])
    found = rows_of(log, state(book), traffic.now + 1)
    assert len(found) == 10
    assert found.new.sum() == 5
    assert found.failed.sum() == 2
    assert (np.diff(found.at) >= 0).all()
    assert found.work == pytest.approx(found.seconds)
    assert len(rows_of(log, state(book), state(book).begun)) == 0
    log.close()


def test_what_came_back_belongs_to_both_answers_and_the_last_counts(book):
    begun(book)
    traffic = Traffic(book).go(3)
    log, now = traffic.log, traffic.now
    log.tell([Feedback("r2", 0, now, "label", "c1"), Feedback("r2", 0, now + 1, "label", "c0")])
    log.tell([Feedback("r1", 7, now, "label", "c1"), Feedback("never", 0, now, "label", "c1")])
    log.tell([Feedback("never", 1 << 20, now, "label", "c1"), Feedback("r0", (1 << 20) + 1, now, "label", "c1")])
    log.tell([Feedback("r1", -(1 << 20), now, "label", "c1"), Feedback("r0", 1 << 20, now, "label", "c1")])
    rows = rows_of(log, state(book), now + 9)
    said, at = told(log, rows, "label", 0, now + 9)
    assert said.tolist() == [None, None, "c0", "c0", None, None]
    assert np.isfinite(at).sum() == 2
