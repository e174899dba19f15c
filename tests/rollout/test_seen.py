"""One look: how alpha is shared, and that evidence of all stages stays in the game."""

from __future__ import annotations

import pytest
from tests.logged import make_book
from tests.rolled import Traffic, begun

from tunebook.rollout.health import errors
from tunebook.rollout.seen import means, seen
from tunebook.rollout.state import state, write
from tunebook.rollout.streams import drawn, paired
from tunebook.stats.e_process import log_e, log_wealths


@pytest.fixture
def book(tmp_path):
    return make_book(tmp_path / "book")


def looked(traffic):
    return seen(traffic.log, state(traffic.book), traffic.book.data.labels, traffic.now)


def test_alpha_is_shared_by_what_is_configured_and_not_by_what_is_seen(book):
    begun(book, metric="bought", may_fall=["x", "y"], may_rise=["z"], alpha=0.09)
    empty = looked(Traffic(book))
    assert empty.gates == 9
    assert empty.alpha == pytest.approx(0.01)
    assert looked(Traffic(book).go(20)).gates == 9
    assert means(empty.rows, *empty.parts(empty.rows.seconds, empty.rows.at)) == (None, None, 0)


def test_evidence_of_all_stages_stays_in_the_game(book):
    def failing(n, new, rng):
        return {"status": 500 if new and rng.random() < 0.03 else 200}

    now = begun(book, stages=[0, 40, 100])
    traffic = Traffic(book, failing).go(300)
    write(book, now, "stage", {"stage": 2})
    found = looked(traffic.go(500))
    shadow, served = found.parts(found.rows.failed.astype(float), found.rows.at, every=True)
    parts = [
        log_wealths(paired(found.rows, shadow).apart, -1, 0.01),
        log_wealths(*drawn(served, found.rows, found.draws), 0.01),
    ]
    assert errors(found).log_e == pytest.approx(log_e(parts[0] + parts[1]))
    assert log_e(parts[0]) != 0 != log_e(parts[1])
    assert not found.alone.any()
