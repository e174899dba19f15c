"""The pseudo-row."""

import numpy as np
import pytest

from tunebook.metrics.counts import counts_of_confusion
from tunebook.stats.smooth import prior_shares


def test_shares_are_of_what_is_true_and_predicted():
    counts = counts_of_confusion(np.array([[6, 2], [0, 0]]))
    assert prior_shares(counts) == pytest.approx([14 / 16, 2 / 16])
    assert prior_shares(counts_of_confusion(np.zeros((2, 2)))).tolist() == [0, 0]
