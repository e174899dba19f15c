"""The lapse rate is that of the labels that were drawn whatever the row; hard rows are none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad, minimize

from tunebook.diagnosis.lapses import USUAL, Labelled, Lapses, confused, evenly, lapses, likelier


def rows(seed: int, size: int = 600, able: float = 3.0, wrong: float = 0.0, count: int = 4) -> Labelled:
    """Labels drawn from the chances that a first view is three times too sure of; a second view says less of the same
    rows; some labels are the next class instead."""
    rng = np.random.default_rng(seed)
    likely = able * rng.normal(size=(size, count))
    labels = (likely + rng.gumbel(size=(size, count))).argmax(1)
    labels = np.where(rng.random(size) < wrong, (labels + 1) % count, labels)
    return Labelled.of([3 * likely, likely + 2 * rng.normal(size=likely.shape)], labels)


@pytest.mark.parametrize("able", [0.5, 1.0, 3.0])
def test_hard_rows_have_no_wrong_labels_however_weak_the_views_are(able: float) -> None:
    """Labels that are drawn from the very chances of the views: under this null one of a hundred may look wrong."""
    found = [lapses(rows(seed, able=able)) for seed in range(20)]
    assert sum(one.p_value < 0.01 for one in found) <= 1
    assert sum(one.rate.low > USUAL for one in found) <= 1
    assert np.median([one.rate.value for one in found]) < USUAL


@pytest.mark.parametrize("wrong", [0.1, 0.25])
def test_the_rate_is_that_of_the_wrong_labels(wrong: float) -> None:
    part = rows(1, size=2000, wrong=wrong)
    there = float((part.labels != rows(1, size=2000).labels).mean())
    found = lapses(part)
    assert isinstance(found, Lapses)
    assert found.rate.low < there < found.rate.high
    assert found.rate.value == pytest.approx(there, abs=0.04)
    assert found.p_value < 1e-6


def test_views_that_say_nothing_leave_the_rate_open() -> None:
    part = rows(2, wrong=0.3)
    blind = Labelled.of([np.random.default_rng(3).normal(size=(600, 4))], part.labels)
    found = lapses(blind)
    assert found.p_value > 0.05
    assert found.rate.high - found.rate.low > 0.3


def test_what_labels_are_taken_for_is_learnt_from_other_rows() -> None:
    """Views that learnt wrong labels half expect them: that those are always the next class speaks against it."""
    one, other = (rows(seed, wrong=0.25, size=1500) for seed in (4, 5))
    told = confused(other)
    assert told.diagonal().tolist() == [0.0] * 4
    assert told.sum(1) == pytest.approx(1)
    assert (told.argmax(1) == (np.arange(4) + 1) % 4).all()
    better = likelier(one, told)
    assert better.flips is told
    assert lapses(better).p_value < lapses(one).p_value
    assert likelier(one, told[::-1, ::-1]) is one


def test_the_loss_is_that_of_the_formula_and_its_slope_too() -> None:
    part = rows(6, size=50)
    part = Labelled(part.views, part.labels, evenly(np.random.default_rng(7).integers(9, size=(4, 4)).astype(float)))
    logs, rate = np.array([-1.0, 0.2]), 0.15
    by_hand = 0.0
    for row, label in enumerate(part.labels):
        odds = np.exp(np.exp(-1.0) * part.views[0, row] + np.exp(0.2) * part.views[1, row])
        chances = odds / odds.sum()
        by_hand -= np.log(0.85 * chances[label] + 0.15 * sum(chances[of] * part.flips[of, label] for of in range(4)))
    assert part.loss(logs, rate)[0] == pytest.approx(by_hand)
    off = check_grad(lambda at: part.loss(at[:2], at[2])[0], lambda at: part.loss(at[:2], at[2])[1], [-1.0, 0.2, 0.15])
    assert off < 1e-3


def test_the_interval_is_that_of_the_profile_likelihood() -> None:
    part = rows(8, wrong=0.2)
    found = lapses(part)

    def best(rate: float) -> float:
        return float(minimize(lambda logs: part.loss(logs, rate)[0], found.logs[0], method="Nelder-Mead").fun)

    least = best(found.rate.value)
    for end in (found.rate.low, found.rate.high):
        assert 2 * (best(end) - least) == pytest.approx(1.96**2, abs=0.15)


def test_doubts_are_surest_of_wrong_labels_and_parts_share_the_rate() -> None:
    true, part = rows(9).labels, rows(9, wrong=0.2)
    found = lapses(part)
    doubts = part.doubts(found.logs[0], found.rate.value)
    assert doubts.mean() == pytest.approx(found.rate.value, abs=0.02)
    mended = true != part.labels
    assert doubts[mended].mean() > doubts[~mended].mean() + 0.3
    both = lapses(part, rows(10, wrong=0.2))
    assert len(both.logs) == 2
    assert both.rate.high - both.rate.low < found.rate.high - found.rate.low


def test_a_class_that_a_view_knows_nothing_of() -> None:
    part = Labelled.of([np.array([[0.0, 1.0, -np.inf], [-np.inf] * 3])], np.array([0, 2]))
    assert part.views.tolist() == [[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]]
