"""Errors, slowness and the shares of the arms."""

from __future__ import annotations

import pytest
from tests.logged import make_book
from tests.rolled import Traffic, begun

from tunebook.rollout.health import errors, latency, sample_ratio
from tunebook.rollout.seen import seen
from tunebook.rollout.state import state, write


@pytest.fixture
def book(tmp_path):
    return make_book(tmp_path / "book")


def looked(traffic):
    return seen(traffic.log, state(traffic.book), traffic.book.data.labels, traffic.now)


def slow(factor):
    def answer(n, new, rng):
        return {"seconds": float(rng.lognormal(-4, 0.3)) * (factor if new else 1)}

    return answer


def test_a_slow_model_is_seen_and_one_as_quick_is_not(book):
    begun(book, stages=[30, 100])
    assert latency(looked(Traffic(book, slow(3)).go(2500))).reached
    assert not latency(looked(Traffic(book, slow(1.0)).go(1500))).reached


def test_in_shadow_slowness_says_nothing(book):
    """The same model is slower there, for it works beside the live one."""
    begun(book, stages=[0, 50, 100])
    found = latency(looked(Traffic(book, slow(3)).go(800)))
    assert (found.log_e, found.n, found.champion) == (0, 0, None)


def test_a_burst_of_other_work_on_the_machine_says_no_more_than_one_request(book):
    """Twelve seconds in which the queue of the new one alone grows: 120 requests, three windows."""

    def burst(n, new, rng):
        return {"seconds": 0.5 if new and 900 <= n < 1020 else float(rng.lognormal(-4, 0.3))}

    begun(book, stages=[30, 100])
    found = latency(looked(Traffic(book, burst).go(1500)))
    assert not found.reached
    assert found.challenger > 0.05


def test_nothing_is_said_of_slowness_before_it_is_known_what_is_usual(book):
    begun(book, stages=[50, 100])
    found = latency(looked(Traffic(book, slow(50)).go(150)))
    assert (found.log_e, found.n) == (0, 0)


@pytest.mark.parametrize("stages", [[0, 100], [30, 100]])
def test_errors_of_one_in_ten_are_seen_and_of_a_hundred_are_allowed(book, stages):
    def failing(share):
        return lambda n, new, rng: {"status": 500 if new and rng.random() < share else 200}

    begun(book, stages=stages)
    assert errors(looked(Traffic(book, failing(0.12)).go(1500))).reached
    found = errors(looked(Traffic(book, failing(0.005)).go(1500)))
    assert not found.reached
    assert found.champion == 0


def test_what_a_client_did_wrong_is_no_error_of_the_model(book):
    begun(book, stages=[50, 100])
    assert errors(looked(Traffic(book, lambda n, new, rng: {"status": 422 if new else 200}).go(200))).challenger == 0


def test_at_the_last_stage_it_is_weighed_against_what_was_usual(book):
    now = begun(book, stages=[30, 100])
    traffic = Traffic(book).go(300)
    before = errors(looked(traffic))
    write(book, now, "stage", {"stage": 2})
    traffic.answer = lambda n, new, rng: {"status": 500 if rng.random() < 0.2 else 200}
    after = errors(looked(traffic.go(200)))
    assert not before.reached
    assert after.reached
    assert after.n == before.n + 200


def test_at_the_last_stage_without_anything_usual(book):
    begun(book, stages=[100])
    found = errors(looked(Traffic(book).go(50)))
    assert (found.n, found.champion) == (50, None)
    assert found.log_e <= 0


def test_shares_that_are_kept_and_shares_that_are_not(book):
    begun(book, stages=[20, 50, 100])
    traffic = Traffic(book).go(1500)
    found = sample_ratio(looked(traffic))
    assert found.ok
    assert found.champion == pytest.approx(0.2)
    assert found.challenger == pytest.approx(0.2, abs=0.04)
    lost = [row for row in traffic.log.rows if row.role == "champion" or int(row.request[1:]) % 2]
    traffic.log.rows = lost  # half of the new one's never reached the log
    found = sample_ratio(looked(traffic))
    assert found.reached
    assert found.stops == "hold"


def test_without_units_nothing_is_said_of_shares(book):
    begun(book, stages=[0, 100])
    found = sample_ratio(looked(Traffic(book).go(10)))
    assert (found.log_e, found.champion, found.n) == (0, None, 0)
