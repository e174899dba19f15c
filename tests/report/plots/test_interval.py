"""Intervals of a gain: each is where it should be, beside the lines."""

from __future__ import annotations

import re

from tunebook.report.plots.interval import Line, Span, interval_plot


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
