"""The stream of mistakes: equal to its sum by hand, rarely wrong, soon right."""

from __future__ import annotations

import numpy as np
import pytest
from river.drift import PageHinkley
from scipy.stats import binom

from tunebook.stats.change import Stream, most_mistakes

RISES = (0.03, 0.1, 0.3)


def by_hand(mistakes: list[bool], most: float) -> float:
    """The highest mean over rises of the sum over starts of weighted products."""
    best = 0.0
    for end in range(1, len(mistakes) + 1):
        sums = []
        for rise in RISES:
            share = most + rise * (1 - most)
            ratios = [share / most if item else (1 - share) / (1 - most) for item in mistakes[:end]]
            sums.append(sum(np.prod(ratios[start - 1 :]) / (start * (start + 1)) for start in range(1, end + 1)))
        best = max(best, float(np.mean(sums)))
    return best


def test_it_is_the_sum_over_all_starts() -> None:
    mistakes = (np.random.default_rng(0).random(40) < 0.4).tolist()
    found = Stream(0.2).after(mistakes)
    assert np.exp(found.best) == pytest.approx(by_hand(mistakes, 0.2))
    assert found.p_value == pytest.approx(min(1.0, 1 / by_hand(mistakes, 0.2)))


def test_it_goes_on_where_it_stopped() -> None:
    mistakes = (np.random.default_rng(1).random(60) < 0.3).tolist()
    assert Stream(0.2).after(mistakes[:25]).after(mistakes[25:]) == Stream(0.2).after(mistakes)
    assert Stream(0.2).after([]).p_value == 1.0


def test_it_is_rarely_wrong_and_soon_right() -> None:
    """Of 120 streams of 400 rows at the allowed share, 5 % may ever reach 20; of changed ones all soon do, later
    than Page-Hinkley, which states no chance of an error."""
    rng = np.random.default_rng(2)
    wrong = sum(Stream(0.1).after(rng.random(400) < 0.1).p_value <= 0.05 for _ in range(120))
    assert wrong <= binom.ppf(0.999, 120, 0.05)
    after, other = [], []
    for _ in range(3):
        mistakes = np.r_[rng.random(500) < 0.1, rng.random(400) < 0.35]
        stream, judge = Stream(0.1), PageHinkley(mode="up")
        told = seen = 0
        for place, item in enumerate(mistakes):
            stream = stream.after([bool(item)])
            judge.update(float(item))
            told = told or (stream.p_value <= 0.05) * place
            seen = seen or judge.drift_detected * place
        after.append(told - 500)
        other.append(seen)
    assert max(after) < 150
    assert min(after) > 0
    assert all(other)


def test_the_allowed_share_is_clopper_pearsons() -> None:
    high = most_mistakes(7, 100, 0.01)
    assert binom.cdf(7, 100, high) == pytest.approx(0.01)
    assert most_mistakes(5, 5, 0.01) == 0.99
    assert most_mistakes(0, 10**9, 0.5) == 1e-4
