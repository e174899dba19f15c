"""The map: a cell for each pair of few classes, only filled ones for many."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from tunebook.report.plots.answers import COUNTED, NAMED, heat_map, reliability_plot, scatter_plot
from tunebook.stats.calibration import reliability


def test_cells_carry_counts_and_shares():
    plot = heat_map("map", [[8, 2], [0, 5]], ["yes", "no"], ("true", "predicted"))
    assert "yes → no: 2 (20.0%)" in plot
    assert plot.count("cell right") == 2
    assert plot.count("cell wrong") == 1
    assert plot.count("cell none") == 1
    assert "rotate(-40" not in plot


def test_long_names_are_turned_and_cut():
    names = ["a class with quite a long name", "another class with a long name"]
    plot = heat_map("map", [[1, 0], [0, 1]], names, ("true", "predicted"))
    assert "rotate(-40" in plot
    assert "…" in plot


def test_a_class_without_rows_divides_by_nothing():
    assert "0 (0.0%)" in heat_map("map", [[0, 0], [1, 3]], ["a", "b"], ("true", "predicted"))


def test_names_stand_at_the_axes_of_many_classes_too():
    count = COUNTED + 40
    confusion = [[int(i == j) for j in range(count)] for i in range(count)]
    plot = heat_map("map", confusion, [f"class {i}" for i in range(count)], ("true", "predicted"))
    assert plot.count(">class 3<") == 2 and plot.count(f">class {count - 1}<") == 2
    assert "cell none" not in plot and ">1<" not in plot


def test_many_classes_draw_only_what_is_there():
    count = NAMED + 10
    confusion = [[int(i == j) * 5 for j in range(count)] for i in range(count)]
    plot = heat_map("map", confusion, [f"c{i}" for i in range(count)], ("true", "predicted"))
    assert plot.count("cell right") == count
    assert "cell none" not in plot
    assert "<text" in plot and ">c3<" not in plot


def test_only_filled_bins_have_a_bar_and_a_dot():
    bins = [asdict(row) for row in reliability(np.array([0.95, 0.97, 0.6]), np.array([1, 0, 1]))]
    plot = reliability_plot("reliability", bins, ("confidence", "right"))
    assert plot.count("<rect") == plot.count("<circle") == 2
    assert "0.93–1.00: 0.500 (2)" in plot
    assert "nan" not in plot


def test_no_answers_give_an_empty_field():
    assert "<rect" not in reliability_plot("reliability", [], ("confidence", "right"))


def test_every_point_is_drawn():
    assert scatter_plot("fit", [(1.0, 1.5), (2.0, 2.5)], ("true", "predicted")).count("<circle") == 2


def test_very_many_points_are_thinned():
    points = [(float(i), float(i)) for i in range(10_000)]
    assert 1000 < scatter_plot("fit", points, ("true", "predicted")).count("<circle") <= 1500


def test_equal_points_have_a_field():
    plot = scatter_plot("fit", [(2.0, 2.0)], ("true", "predicted"))
    assert plot.count("<circle") == 1
    assert "nan" not in plot
