"""Tests of two samples against brute force and scipy, and how often they err where there is nothing to find."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact, kstest

from tunebook.stats.two_sample import (
    NOTHING,
    Compared,
    categories,
    classifier_test,
    mmd,
    mmd_blocks,
    mmd_linear,
    numbers,
    shares_stability,
    stability,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def mmd_by_hand(old: np.ndarray, new: np.ndarray) -> float:
    both = np.concatenate([old, new])
    far = ((both[:, None] - both[None]) ** 2).sum(2)
    width = np.median(far[np.triu_indices(len(both), 1)])
    kernel = np.exp(-far / (2 * width))
    n, m = len(old), len(new)
    a, b, c = kernel[:n, :n], kernel[n:, n:], kernel[:n, n:]
    return float((a.sum() - n) / (n * (n - 1)) + (b.sum() - m) / (m * (m - 1)) - 2 * c.mean())


def test_mmd_is_the_unbiased_estimate() -> None:
    old, new = rng(1).normal(size=(30, 4)), rng(2).normal(size=(17, 4)) + 0.3
    assert mmd(old, new, rng(), most=9).statistic == pytest.approx(mmd_by_hand(old, new), abs=1e-6)


def test_mmd_has_the_p_value_of_all_splits() -> None:
    """Of 4 and 4 rows all 70 splits, and as many drawn ones as settle it."""
    both = np.concatenate([rng(3).normal(size=(4, 2)), rng(4).normal(size=(4, 2)) + 1.0])
    seen = mmd_by_hand(both[:4], both[4:])
    splits = [list(chosen) for chosen in combinations(range(8), 4)]
    all_ = [mmd_by_hand(np.delete(both, chosen, 0), both[chosen]) for chosen in splits]
    exact = np.mean(np.array(all_) >= seen - 1e-9)
    found = mmd(both[:4], both[4:], rng(), most=20_000, enough=10**9)
    assert found.p_value == pytest.approx(exact, abs=0.015)


def test_mmd_finds_a_shift_far_in_the_tail_and_stops_early_without_one() -> None:
    old = rng(5).normal(size=(100, 8))
    assert mmd(old, rng(6).normal(size=(100, 8)) + 0.6, rng(), most=4_999).p_value == pytest.approx(1 / 5000)
    assert mmd(old, rng(7).normal(size=(100, 8)), rng(), most=10**9).p_value > 0.01  # or it would take for ever


def test_blocks_are_the_mean_of_their_mmd() -> None:
    old, new = rng(8).normal(size=(64, 3)), rng(9).normal(size=(60, 3)) + 1.0
    found = mmd_blocks(old, new, rng(1), block=20, most=999)
    order = rng(1)
    one, other = (np.array_split(order.permutation(len(part)), 3) for part in (old, new))
    hand = np.mean([mmd_by_hand(old[a], new[b]) for a, b in zip(one, other, strict=True)])
    assert found.statistic == pytest.approx(hand, abs=1e-6)
    assert found.p_value == 0.001


def test_the_linear_estimate_bounds_its_p_value_by_hoeffding() -> None:
    old, new = rng(10).normal(size=(2000, 3)), rng(11).normal(size=(2001, 3)) + 1.0
    found = mmd_linear(old, new, rng())
    assert found.statistic == pytest.approx(mmd_by_hand(old[:400], new[:400]), abs=0.05)
    assert found.p_value < 1e-12
    assert mmd_linear(old, old + 0.0, rng()).p_value > 0.05
    assert mmd_linear(old[:1], new, rng()) == NOTHING
    assert mmd_linear(np.ones((8, 2)), np.ones((8, 2)), rng()).p_value == 1.0


@pytest.mark.parametrize("rows", [0, 1])
def test_mmd_of_hardly_any_rows_says_nothing(rows: int) -> None:
    assert mmd(np.ones((rows, 3)), rng().normal(size=(9, 3)), rng()) == NOTHING


def test_mmd_of_rows_that_are_all_alike_says_nothing() -> None:
    assert mmd(np.ones((9, 3)), np.ones((9, 3)), rng()) == NOTHING
    apart = mmd(np.zeros((9, 1)), np.ones((9, 1)), rng(), most=999)  # the median of all distances is that of the two
    assert apart.p_value < 0.01


def test_two_places_of_unequal_weight_have_a_width_all_the_same() -> None:
    """More than half of the distances are 0, and their median with them."""
    old, new = np.zeros((30, 1)), np.concatenate([np.zeros((20, 1)), np.ones((6, 1))])
    assert 0 < mmd(old, new, rng(), most=999).p_value < 0.05


def test_numbers_leave_out_nan_and_say_nothing_of_constants() -> None:
    old = np.array([1.0, 2.0, np.nan, 3.0, 4.0])
    assert numbers(old, np.array([9.0, np.nan, 8.0, 7.0, 6.0])).statistic == 1.0
    assert numbers(np.full(5, 2.0), np.full(9, 2.0)) == NOTHING
    assert numbers(old, np.full(3, np.nan)) == NOTHING
    assert numbers(np.zeros(0), old) == NOTHING
    many = rng().normal(size=10_001)
    assert numbers(many, many[:50] + 5).p_value < 1e-20


def test_two_categories_are_fishers_test_doubled() -> None:
    table = [[90, 10], [30, 20]]
    one_sided = min(fisher_exact(table, alternative=side).pvalue for side in ("less", "greater"))
    found = categories(np.array(table[0]), np.array(table[1]))
    assert found.p_value == pytest.approx(2 * one_sided)
    assert found.statistic == pytest.approx(0.3)


def test_more_categories_pay_for_being_many_and_the_worst_is_named() -> None:
    old, new = np.array([50, 50, 50, 0]), np.array([50, 10, 50, 0])
    found = categories(old, new)
    alone = fisher_exact([[50, 100], [10, 100]], alternative="greater").pvalue
    assert found.where == 1
    assert found.p_value == pytest.approx(min(1, 3 * 2 * alone))


def test_categories_that_are_many_are_one_more() -> None:
    old, new = np.ones(60, dtype=int), np.ones(60, dtype=int)
    new[40:] = 30
    assert categories(old, new).p_value < 1e-3
    old, new = np.r_[np.full(20, 50), np.zeros(30, int)], np.r_[np.full(20, 10), np.ones(30, int)]
    assert categories(old, new).where == -1  # the rest, of which none has a name


@pytest.mark.parametrize("counts", [([0, 0], [1, 2]), ([3, 0], [4, 0]), ([1, 2], [0, 0])])
def test_nothing_to_compare_raises_nothing(counts: tuple[list[int], list[int]]) -> None:
    assert categories(np.array(counts[0]), np.array(counts[1])) == NOTHING


def test_stability_by_hand() -> None:
    old, new = np.array([30.0, 10.0]), np.array([10.0, 30.0])
    before, now = (old + 0.5) / 41, (new + 0.5) / 41
    assert shares_stability(old, new) == pytest.approx(((now - before) * np.log(now / before)).sum())
    assert np.isnan(shares_stability(old, np.zeros(2)))
    assert stability(np.arange(100.0), np.arange(100.0)) == pytest.approx(0.0)
    assert stability(np.arange(100.0), np.arange(100.0) + 50) > 0.25
    assert stability(np.full(9, 1.0), np.full(9, 1.0)) == pytest.approx(0.0)
    assert np.isnan(stability(np.array([np.nan]), np.arange(3.0)))


def test_a_classifier_tells_what_differs_and_not_what_does_not() -> None:
    old = rng(12).normal(size=(120, 6))
    found = classifier_test(old, rng(13).normal(size=(100, 6)) + 1.5 * np.eye(6)[0], rng())
    assert found.statistic > 0.75
    assert found.p_value < 1e-8
    same = classifier_test(old, rng(14).normal(size=(100, 6)), rng())
    assert 0.35 < same.statistic < 0.65
    assert same.p_value > 0.01


def test_a_classifier_judges_only_rows_that_it_has_not_learnt() -> None:
    asked = []

    def fit(vectors: np.ndarray, is_new: np.ndarray, judged: np.ndarray) -> np.ndarray:
        asked.append(({tuple(row) for row in vectors}, {tuple(row) for row in judged}))
        return judged[:, 0]

    old, new = rng(15).normal(size=(9, 2)), rng(16).normal(size=(7, 2))
    classifier_test(old, new, rng(), fit)
    assert all(not learnt & judged for learnt, judged in asked)
    assert set.union(*(judged for _, judged in asked)) == {tuple(row) for row in np.concatenate([old, new])}


def test_a_classifier_without_a_word_or_without_rows_raises_nothing() -> None:
    assert classifier_test(np.ones((9, 2)), np.ones((9, 2)), rng()) == Compared(0.5, 1.0)
    assert classifier_test(np.ones((3, 2)), np.ones((9, 2)), rng()) == Compared(0.5, 1.0)


@pytest.mark.parametrize("name", ["mmd", "classifier", "ks", "share"])
def test_p_values_are_no_smaller_than_they_may_be(name: str) -> None:
    """300 pairs of samples of one source: a p-value of .1 or less comes in a tenth of them at most (binomial, .001)."""
    draw, found = rng(17), []
    for _ in range(300):
        both = draw.normal(size=(60, 3))
        old, new = both[:40], both[40:]
        if name == "mmd":
            found.append(mmd(old, new, draw, most=199).p_value)
        elif name == "classifier":
            means = draw.normal(size=3)
            found.append(classifier_test(old, new, draw, lambda a, b, c, m=means: c @ m).p_value)
        elif name == "ks":
            found.append(numbers(old[:, 0].round(1), new[:, 0].round(1)).p_value)
        else:
            counts = [np.bincount((part[:, 0] > 0).astype(int) + (part[:, 1] > 0), minlength=3) for part in (old, new)]
            found.append(categories(*counts).p_value)
    assert binomtest(sum(p <= 0.1 for p in found), 300, 0.1, alternative="greater").pvalue > 0.001
    if name == "mmd":  # and is spread as evenly as it should be, where it is exact
        assert kstest(found, "uniform").pvalue > 0.001
