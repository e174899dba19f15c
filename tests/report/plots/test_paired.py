"""Pairs of runs: a line for each seed."""

from __future__ import annotations

import re

from tunebook.report.plots.paired import paired_plot


def test_a_line_for_each_seed_and_a_mark_for_each_mean():
    svg = str(paired_plot("pairs", ("v1", "v2"), [(0.5, 0.7), (0.6, 0.55)], [1, 2], "accuracy"))
    assert svg.count("<circle") == 4 and svg.count("<polyline") == 4
    assert re.findall(r'class="line (s\d)"', svg) == ["s1", "s2"], "what got worse has the other colour"
    assert "v1" in svg and "v2" in svg and "1: 0.7" in svg
    heights = [float(y) for y in re.findall(r'cy="([\d.]+)"', svg)]
    assert heights[1] < heights[0] and heights[3] > heights[2]


def test_equal_scores():
    assert "nan" not in str(paired_plot("pairs", ("a", "b"), [(0.0, 0.0), (0.0, 0.0)], [1, 2], "x"))
