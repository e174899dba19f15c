"""What a look may spend: never more than there is, however the looks fall."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.stats.looks_of_a_year import holm, share_of_look


@pytest.mark.parametrize("looks", [1, 12, 365, 100_000])
def test_a_year_of_looks_spends_no_more_than_all(looks: int) -> None:
    steps = np.random.default_rng(looks).dirichlet(np.full(looks, 0.2))
    total = sum(share_of_look(number, step) for number, step in enumerate(steps, start=1))
    assert 0.5 < total <= 1.0 or looks == 1
    assert total <= 1.0


def test_a_clock_that_goes_back_or_far_ahead_spends_no_more() -> None:
    assert share_of_look(3, -5.0) == share_of_look(3, 0.0) == pytest.approx(1 / 24)
    assert share_of_look(1, 40.0) == pytest.approx(0.75)
    with pytest.raises(ValueError, match="0 is no number"):
        share_of_look(0, 0.1)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005], 0.05) == [True, False, False, True]  # .03 > .05 / 2
    assert holm([0.01, 0.02, 0.03, 0.005], 0.05) == [True, True, True, True]
    assert holm([], 0.05) == []
    assert holm([0.02, 0.02], 0.03) == [False, False]
