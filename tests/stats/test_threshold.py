"""Thresholds against scikit-learn's curve and every threshold there is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from tunebook.core.hits import Hits
from tunebook.stats.bootstrap import Units
from tunebook.stats.threshold import best_f1, curve, least_cost, of_precision, of_recall, worth


def drawn(seed: int, count: int = 60, digits: int = 1) -> Hits:
    """Pairs of which those that match score higher as a rule; few digits make ties."""
    draw = np.random.default_rng(seed)
    right = draw.random(count) < 0.4
    score = np.round(draw.normal(size=count) + right, digits).astype(np.float32)
    row = np.sort(draw.integers(0, 20, count))
    return Hits(row, score, right, draw.integers(0, 2, 20))


def at(hits: Hits, threshold: float) -> tuple[float, float, float]:
    said = hits.score >= threshold
    found = (said & hits.right).sum()
    precision, recall = found / max(said.sum(), 1), found / hits.matches
    return precision, recall, 2 * found / (said.sum() + hits.matches)


@pytest.mark.parametrize("seed", range(6))
def test_precision_and_recall_are_those_of_scikit_learn(seed: int) -> None:
    hits = drawn(seed)
    alone = Hits(hits.row, hits.score, hits.right, np.zeros(20, dtype=np.int64))
    thresholds, precision, recall = curve(alone)
    theirs = metrics.precision_recall_curve(hits.right, hits.score, drop_intermediate=False)
    np.testing.assert_allclose(precision[::-1], theirs[0][:-1])
    np.testing.assert_allclose(recall[::-1], theirs[1][:-1])
    values = np.unique(hits.score)[::-1].astype(np.float64)
    assert (thresholds <= values).all() and (thresholds[:-1] > values[1:]).all()
    for threshold, one, other in zip(*curve(hits), strict=True):
        assert at(hits, threshold)[:2] == pytest.approx((one, other)), "missing matches count in recall alone"


@pytest.mark.parametrize("seed", range(6))
def test_no_threshold_has_a_higher_f1(seed: int) -> None:
    hits = drawn(seed)
    every = np.concatenate([np.unique(hits.score), np.unique(hits.score) + 1e-4])
    found = best_f1(hits)
    assert at(hits, found)[2] == pytest.approx(max(at(hits, one)[2] for one in every))


@pytest.mark.parametrize("seed", range(6))
def test_of_those_with_a_precision_the_lowest_is_taken(seed: int) -> None:
    hits = drawn(seed)
    found = of_precision(hits, 0.6)
    good = [float(one) for one in np.unique(hits.score) if at(hits, one)[0] >= 0.6]
    if not good:
        assert found is None
    else:
        assert found is not None and at(hits, found) == at(hits, min(good))


def test_a_precision_that_nothing_has() -> None:
    hits = Hits(np.arange(3), np.array([3.0, 2.0, 1.0]), np.array([False, True, False]), np.zeros(3, dtype=np.int64))
    assert of_precision(hits, 0.9) is None and of_precision(hits, 0.5) == 1.5
    assert best_f1(hits) == 1.5
    never = Hits(np.arange(2), np.array([2.0, 1.0]), np.array([False, False]), np.array([1, 0]))
    assert best_f1(never) == 1.5, "of equal ones the highest"


def test_what_it_is_worth_is_scikit_learns_with_an_interval_over_rows() -> None:
    hits, none = drawn(3, 400, 3), np.zeros(20, dtype=np.int64)
    alone = Hits(hits.row, hits.score, hits.right, none)
    found: Any = worth(alone, 0.7, Units.of(20, None))
    said = hits.score >= 0.7
    for name, score in (
        ("precision", metrics.precision_score), ("recall", metrics.recall_score), ("f1", metrics.f1_score)
    ):  # fmt: skip
        one = getattr(found, name)
        assert one.value == pytest.approx(score(hits.right, said)) and one.low < one.value < one.high
    assert found.rows == 20
    groups = np.repeat(np.arange(4), 5)
    wider = worth(alone, 0.7, Units.of(20, groups)).f1
    assert wider.value == found.f1.value and wider != found.f1
    assert worth(hits, 0.7, Units.of(20, None)).recall.value == pytest.approx(at(hits, 0.7)[1])


def test_nothing_that_reaches_it_and_nothing_to_find() -> None:
    hits = Hits(np.arange(2), np.array([0.5, 0.4]), np.array([True, False]), np.zeros(2, dtype=np.int64))
    high = worth(hits, 0.9, Units.of(2, None))
    assert (high.precision.value, high.recall.value, high.f1.value) == (1.0, 0.0, 0.0)
    wrong = Hits(np.arange(2), np.array([0.5, 0.4]), np.array([False, False]), np.zeros(2, dtype=np.int64))
    low = worth(wrong, 0.9, Units.of(2, None))
    assert (low.precision.value, low.recall.value, low.f1.value) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize("wanted", [0.3, 0.8, 1.0])
def test_a_recall_is_reached_by_the_highest_threshold_that_does(wanted: float) -> None:
    draw = np.random.default_rng(1)
    score = draw.random(80)
    right = draw.random(80) < score
    hits = Hits(np.arange(80), score, right, np.zeros(80, dtype=np.int64))
    found = of_recall(hits, wanted)
    assert found is not None
    reached = [cut for cut in [*score, found] if right[score >= cut].sum() / right.sum() >= wanted]
    assert (score >= found).sum() == min((score >= cut).sum() for cut in reached)
    unseen = Hits(np.arange(80), score, right, np.full(80, 9))
    assert of_recall(unseen, 1.0) is None


def test_the_threshold_of_least_cost_is_that_of_trying_all() -> None:
    draw = np.random.default_rng(2)
    for _ in range(20):
        score = np.round(draw.random(30), 1)  # with ties
        if_yes, if_no = draw.normal(size=30), draw.normal(size=30)
        cuts = [0.0, *(np.unique(score) + 0.01), 1.01]
        tried = [np.where(score >= cut, if_yes, if_no).sum() for cut in cuts]
        found = least_cost(score, if_yes, if_no)
        assert np.where(score >= found, if_yes, if_no).sum() == pytest.approx(min(tried))
