"""Outputs as levels: the rest is tested beside the calibration."""

import numpy as np

from tunebook.core.links import nearest_level


def test_the_nearest_level_is_within_the_levels():
    assert nearest_level(np.array([-3.0, 0.4, 0.5, 1.5, 9.0]), 3).tolist() == [0, 0, 1, 2, 2]
