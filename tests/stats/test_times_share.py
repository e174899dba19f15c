"""A mean times a share: how often its interval holds in simulated studies, and its ends by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.core.nouns import Interval
from tunebook.stats.proportion import wilson_interval
from tunebook.stats.raters import crossed_mean
from tunebook.stats.times_share import times_share


@pytest.mark.parametrize(("rows", "apart", "better"), [(100, 0.2, 0.8), (200, 0.3, 0.95), (1000, 0.1, 0.95)])
def test_the_interval_holds_where_the_share_is_found_on_the_rows(rows: int, apart: float, better: float) -> None:
    rng, held, studies = np.random.default_rng(7), 0, 200
    for _ in range(studies):
        differ = int((rng.random(rows) < apart).sum())
        won = np.where(rng.random(differ) < better, 1, -1)
        net = crossed_mean(won, np.arange(differ), np.zeros(differ), centre=0.0)
        found = times_share(net, differ / rows, rows)
        held += found.low <= apart * (2 * better - 1) <= found.high
    assert held / studies >= 0.92


def test_where_all_prefer_the_same_it_is_the_interval_of_the_share() -> None:
    share = wilson_interval(30, 100)
    up = times_share(Interval(value=1, low=1, high=1), 0.3, 100)
    down = times_share(Interval(value=-1, low=-1, high=-1), 0.3, 100)
    assert (up.value, up.low, up.high) == pytest.approx((0.3, share.low, share.high))
    assert (down.value, down.low, down.high) == pytest.approx((-0.3, -share.high, -share.low))


def test_of_all_of_very_many_rows_it_is_that_of_the_mean_within_its_bounds() -> None:
    net = Interval(value=0.5, low=0.2, high=0.9)
    found = times_share(net, 1.0, 1e9)
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.2, 0.9), abs=1e-4)
    wide = times_share(Interval(value=-0.9, low=-1, high=1), 1.0, 2)
    assert wide.low >= -1 and wide.high <= 1
