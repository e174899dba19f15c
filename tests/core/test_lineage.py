"""Forgetting and transfer by the definitions of their papers."""

from __future__ import annotations

import pytest

from tunebook.core.lineage import Retention, TaskRetention, mean_interval
from tunebook.core.nouns import Interval


def span(value: float, half: float = 0.1) -> Interval:
    return Interval(value=value, low=value - half, high=value + half)


def earlier(learned: float, best: float, final: float) -> TaskRetention:
    return TaskRetention(
        run="r",
        book="b",
        rows=10,
        learned=span(learned),
        best=best,
        final=span(final),
        lost=span(learned - final, 0.03),
    )


@pytest.fixture
def kept() -> Retention:
    tasks = [earlier(0.9, 0.95, 0.6), earlier(0.8, 0.8, 0.85)]
    return Retention(run="x", metric="accuracy", tasks=tasks, own=span(0.7), before=span(0.4), chance=0.5)


def test_means_hold_this_task_too(kept: Retention) -> None:
    assert kept.learned == pytest.approx((0.9 + 0.8 + 0.7) / 3)
    assert kept.final == pytest.approx((0.6 + 0.85 + 0.7) / 3)


def test_forgetting_looks_at_the_best_and_backward_transfer_at_what_was_learned(kept: Retention) -> None:
    assert kept.forgetting.value == pytest.approx(((0.95 - 0.6) + (0.8 - 0.85)) / 2)
    assert kept.backward.value == pytest.approx(((0.6 - 0.9) + (0.85 - 0.8)) / 2)
    assert kept.forgetting.high - kept.forgetting.value == pytest.approx(0.03 * 2**0.5 / 2)
    assert kept.backward.low == pytest.approx(kept.backward.value - 0.03 * 2**0.5 / 2)


def test_forward_transfer_is_over_chance(kept: Retention) -> None:
    assert kept.forward is not None and kept.forward.value == pytest.approx(-0.1)
    assert kept.model_copy(update={"chance": None}).forward is None
    assert kept.model_copy(update={"chance": None}).summary()["forward_transfer"] is None
    assert kept.summary()["forgetting"] == pytest.approx(
        [kept.forgetting.value, kept.forgetting.low, kept.forgetting.high]
    )


def test_errors_of_different_rows_add_up_as_squares() -> None:
    found = mean_interval([Interval(value=1, low=0.7, high=1.4), Interval(value=2, low=1.6, high=2.3)])
    assert (found.value, found.low, found.high) == pytest.approx((1.5, 1.5 - 0.25, 1.5 + 0.25))
