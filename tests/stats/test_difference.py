"""Differences of two models on the same rows: what few rows prove, and how often an interval is right."""

import numpy as np
import pytest

from tunebook.stats.bootstrap import Units
from tunebook.stats.difference import of_rows, of_scores
from tunebook.stats.influence import mean_interval
from tunebook.stats.paired import exact_p


@pytest.mark.parametrize("rows", [35, 400])
def test_few_rows_that_differ_prove_nothing(rows):
    for lost in range(30):
        change = np.zeros(rows)
        change[:lost] = -1
        found = of_rows(change, Units(rows), share=True)
        assert found.low < found.high and found.value == pytest.approx(-lost / rows)
        proven = found.high < 0
        p = float(exact_p(0, lost))
        assert not proven if p > 0.1 else proven if p < 0.03 else True
        assert found.low >= -1


def test_differences_of_rows_hold_the_truth():
    draw, held = np.random.default_rng(1), 0
    for _ in range(1000):
        change = draw.choice([-1, 0, 1], p=[0.04, 0.9, 0.06], size=200)
        found = of_rows(change, Units(200), share=True)
        held += found.low <= 0.02 <= found.high
    assert 0.93 <= held / 1000 <= 0.985


def test_groups_widen_and_errors_are_means():
    change = np.repeat([0.0, -1, 0, 0, 0, 0, 0, 0, 0, 0], 10)
    alone = of_rows(change, Units(100), share=True)
    grouped = of_rows(change, Units.of(100, np.repeat(np.arange(10), 10)), share=True)
    assert alone.high < 0 < grouped.high
    errors = np.random.default_rng(2).normal(size=50)
    assert of_rows(errors, Units(50), share=False) == mean_interval(errors, Units(50))


def test_other_scores_need_six_rows_that_differ():
    change = np.array([-1.0] * 30 + [0.0] * 5)

    def gain(chosen):
        return float(change[chosen].mean())

    assert of_scores(gain, Units(35), differ=30).high < 0
    assert of_scores(gain, Units(35), differ=5).high == 0
    assert of_scores(lambda chosen: -gain(chosen), Units(35), differ=5).low == 0
