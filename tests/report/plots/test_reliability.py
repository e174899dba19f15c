"""Bars of the bins that hold answers."""

from dataclasses import asdict

import numpy as np

from tunebook.metrics.calibration import reliability
from tunebook.report.plots.reliability import reliability_plot


def test_only_filled_bins_have_a_bar_and_a_dot():
    bins = [asdict(row) for row in reliability(np.array([0.95, 0.97, 0.6]), np.array([1, 0, 1]))]
    plot = reliability_plot("reliability", bins, ("confidence", "right"))
    assert plot.count("<rect") == plot.count("<circle") == 2
    assert "0.93–1.00: 0.500 (2)" in plot
    assert "nan" not in plot


def test_no_answers_give_an_empty_field():
    assert "<rect" not in reliability_plot("reliability", [], ("confidence", "right"))
