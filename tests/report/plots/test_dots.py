"""Dots stand where their numbers are."""

import re

from tunebook.report.plots.dots import Dot, dot_plot


def places(plot):
    return [float(x) for x in re.findall(r'<circle cx="([\d.]+)" cy="[\d.]+" r="6"', plot)][1:]


def test_higher_scores_stand_further_right_and_whiskers_around_them():
    plot = dot_plot("scores", "run", [Dot("a", 0.5, 0.4, 0.6), Dot("b", 0.9, 0.85, 0.95, {"base": 0.3})], ["base"])
    low, high = places(plot)
    assert low < high
    ends = [
        float(x) for x in re.findall(r'<line x1="([\d.]+)" x2="[\d.]+" y1="[\d.]+" y2="[\d.]+" class="whisker"', plot)
    ]
    assert min(ends) < low < high < max(ends)
    assert "0.500  [0.400, 0.600]" in plot
    assert "b, base: 0.300" in plot


def test_without_an_interval_there_is_no_whisker():
    plot = dot_plot("scores", "run", [Dot("a", 1.0, 1.0, 1.0)], [])
    assert "whisker" not in plot
    assert ">1.000<" in plot


def test_scores_above_one_have_room():
    assert places(dot_plot("s", "run", [Dot("a", 3.0, 2.0, 4.0)], []))[0] < 960
