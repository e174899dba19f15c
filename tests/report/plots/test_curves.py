"""Curves on one field."""

from __future__ import annotations

import math

import pytest

from tunebook.report.plots.curves import Bundle, Curve, band_of, band_plot, curve_plot


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


def test_a_band_holds_the_runs_that_lasted():
    band = band_of([[(1, 1.0), (2, 2.0), (3, 3.0)], [(1, 3.0), (2, 4.0)], []])
    assert band.x == [1, 2, 3]
    assert (band.mean, band.low, band.high) == ([2, 3, 3], [1, 2, 3], [3, 4, 3])
    assert band_of([[], []]) is None


def test_curves_of_other_steps_are_met_halfway():
    band = band_of([[(0, 0.0), (2, 2.0)], [(1, 5.0), (3, 7.0)]])
    assert band.x == [0, 1, 2, 3]
    assert band.mean == [0, 3, 4, 7]


def test_many_points_are_put_on_a_grid():
    band = band_of([[(n / 10, float(n)) for n in range(1000)]])
    assert len(band.x) == 120 and band.mean[60] == pytest.approx(999 * 60 / 119)


def test_the_plot_of_two_arms():
    bundles = [Bundle("v1", [[(1, 0.5), (2, 0.6)]], "s2"), Bundle("v2", [[(1, 0.7)], [(1, 0.9)]], "s1")]
    svg = str(band_plot("accuracy", bundles, ("epoch", "accuracy")))
    assert svg.count("<polygon") == 2 and "v1" in svg and "v2" in svg and "epoch" in svg
    long = [Bundle("v1", [[(n, 1.0) for n in range(20)]], "s1"), Bundle("v2", [[]], "s2")]
    svg = str(band_plot("loss", long, ("epoch", "loss")))
    assert svg.count("<polygon") == 1 and "v2" not in svg
    assert band_plot("loss", [Bundle("v1", [[]], "s1")], ("epoch", "loss")) is None
