"""Bars say their numbers; marks outside the field are left out."""

from __future__ import annotations

import re

from tunebook.report.plots.bars import bar_plot, histogram, share_plot


def test_bars_say_count_and_share_of_the_total():
    plot = bar_plot("rows", [("a", 30.0), ("b", 10.0)], total=80.0)
    assert "30  (37.5%)" in plot
    assert "10  (12.5%)" in plot


def test_empty_classes_have_a_bar_of_no_share():
    assert "0  (0.0%)" in bar_plot("rows", [("a", 0.0)], total=0.0)


def test_a_mark_outside_the_field_is_left_out():
    plot = histogram("lengths", [0, 10, 20], [4, 2], ("tokens", "rows"), [("median", 8.0), ("far", 99.0)])
    assert ">median<" in plot
    assert ">far<" not in plot
    assert plot.count("<rect") == 2


def test_a_histogram_of_nothing_is_drawn():
    assert "<rect" in histogram("lengths", [0, 1], [0], ("tokens", "rows"), [])


def test_bars_are_as_long_as_their_shares():
    plot = share_plot("importance", [("rate", 0.75), ("batch", 0.25), ("rest", 0.0)])
    long, short, none = (float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', plot))
    assert abs(long / short - 3) < 0.01
    assert none == 1
    assert ">75%<" in plot and ">0%<" in plot
