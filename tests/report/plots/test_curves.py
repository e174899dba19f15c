"""Curves on one field."""

import math

from tunebook.report.plots.curves import Curve, curve_plot


def test_lines_have_names_and_looks_have_dots():
    curves = [Curve("train", [(0, 1.0), (10, 0.5)]), Curve("look", [(5, 0.8), (10, 0.7)], dots=True)]
    plot = curve_plot("loss", curves, ("steps", "loss"), (10, "chosen"))
    assert plot.count("<polyline") == 2
    assert plot.count('r="3"') == 2
    assert ">chosen<" in plot


def test_a_flat_curve_of_one_point_is_drawn():
    plot = curve_plot("loss", [Curve("train", [(0, 0.0)])], ("steps", "loss"), (math.nan, "chosen"))
    assert ">chosen<" not in plot
    assert "nan" not in plot
