"""The sample-ratio test against its own prediction step by step, an integral, and simulated looks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate
from scipy.stats import beta

from tunebook.core.errors import DataError
from tunebook.stats.sample_ratio import log_sample_ratio


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.95, 0.05), (0.2, 0.3, 0.5)])
def test_it_is_the_product_of_its_predictions(shares):
    """An urn that begins with the claimed shares and learns: its chance of what came, over the claimed one."""
    rng = np.random.default_rng(0)
    urn, log_e, counts = 100 * np.array(shares), 0.0, np.zeros(len(shares))
    for arm in rng.choice(len(shares), size=60, p=shares):
        log_e += math.log(urn[arm] / urn.sum() / shares[arm])
        urn[arm] += 1
        counts[arm] += 1
    assert log_sample_ratio(counts, shares) == pytest.approx(log_e, abs=1e-9)


def test_it_is_the_mixture_over_all_shares():
    prior = beta(100 * 0.05, 100 * 0.95).pdf
    mixed, _ = integrate.quad(lambda q: prior(q) * (q / 0.05) ** 9 * ((1 - q) / 0.95) ** 71, 0, 1, epsabs=1e-12)
    assert log_sample_ratio([9, 71], [0.05, 0.95]) == pytest.approx(math.log(mixed), abs=1e-8)
    assert log_sample_ratio([0, 0], [0.05, 0.95]) == 0


def test_a_wrong_share_is_found_and_a_right_one_is_not():
    rng, draws, steps, found = np.random.default_rng(20261201), 300, 1000, {0.05: 0, 0.09: 0}
    for true in found:
        for _ in range(draws):
            drawn = np.cumsum(rng.random(steps) < true)
            looks = range(9, steps, 10)
            alarm = max(log_sample_ratio([drawn[n], n + 1 - drawn[n]], [0.05, 0.95]) for n in looks)
            found[true] += alarm >= math.log(20)
    assert found[0.05] / draws <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)
    assert found[0.09] / draws > 0.9


@pytest.mark.parametrize(
    ("counts", "shares", "code"),
    [
        ([1.5, 2], [0.5, 0.5], "stats.counts"),
        ([-1, 2], [0.5, 0.5], "stats.counts"),
        ([1, 2], [0.5, 0.6], "stats.shares"),
        ([1, 2], [0, 1], "stats.shares"),
        ([1, 2, 3], [0.5, 0.5], "stats.shares"),
    ],
)
def test_what_is_refused(counts, shares, code):
    with pytest.raises(DataError) as caught:
        log_sample_ratio(counts, shares)
    assert caught.value.code == code
