"""Wilson's interval against statsmodels."""

import pytest
from statsmodels.stats.proportion import proportion_confint

from tunebook.stats.proportion import wilson_interval


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (10, 10), (917, 1000), (1, 1)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_wilson_agrees_with_statsmodels(hits, n, level):
    interval = wilson_interval(hits, n, level)
    assert (interval.low, interval.high) == pytest.approx(proportion_confint(hits, n, 1 - level, "wilson"), abs=1e-12)
    assert interval.low <= interval.value == hits / n <= interval.high


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (5, 4), (-1, 4)])
def test_what_is_no_share_is_refused(hits, n):
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(hits, n)
