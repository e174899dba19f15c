"""Intervals of a gain: each is where it should be, beside the lines."""

from __future__ import annotations

import re

from tunebook.report.plots.intervals import Dot, Line, Span, dot_plot, interval_plot, paired_plot


def test_intervals_and_lines_share_a_scale():
    spans = [Span("look at 3 seeds", 1.0, 0.0, 2.0, "+1.00"), Span("look <b>", 3.0, 2.0, 4.0, "+3.00")]
    svg = str(interval_plot("gain", spans, [Line(0.0, "no gain"), Line(2.0, "asked for")], "points"))
    dots = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', svg)]
    assert len(dots) == 2 and dots[1] > dots[0]
    zero, wanted = (float(x) for x in re.findall(r'x1="([\d.]+)"[^>]*class="(?:axis|chosen)"', svg))
    assert zero < dots[0] < wanted < dots[1]
    assert abs((dots[0] - zero) - (wanted - dots[0])) < 0.05
    assert "no gain" in svg and "asked for" in svg and "look &lt;b&gt;" in svg and "points" in svg


def test_intervals_without_width():
    svg = str(interval_plot("gain", [Span("a", 0.0, 0.0, 0.0, "0")], [Line(0.0, "no gain")], "x"))
    assert "nan" not in svg


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


def test_a_line_for_each_seed_and_a_mark_for_each_mean():
    svg = str(paired_plot("pairs", ("v1", "v2"), [(0.5, 0.7), (0.6, 0.55)], [1, 2], "accuracy"))
    assert svg.count("<circle") == 4 and svg.count("<polyline") == 4
    assert re.findall(r'class="line (s\d)"', svg) == ["s1", "s2"], "what got worse has the other colour"
    assert "v1" in svg and "v2" in svg and "1: 0.7" in svg
    heights = [float(y) for y in re.findall(r'cy="([\d.]+)"', svg)]
    assert heights[1] < heights[0] and heights[3] > heights[2]


def test_equal_scores():
    assert "nan" not in str(paired_plot("pairs", ("a", "b"), [(0.0, 0.0), (0.0, 0.0)], [1, 2], "x"))
