"""The plot of a learning curve: every part where its numbers say."""

from __future__ import annotations

import re

from tunebook.report.plots.learning import Level, Size, learning_plot

SAID = ("rows", "score", "points", "law")
SIZES = [Size(100, 0.7, 0.65, 0.75, [0.69, 0.71]), Size(1000, 0.8, 0.77, 0.83, [0.8])]
LAW = [(100.0, 0.7, 0.66, 0.74), (1000.0, 0.8, 0.78, 0.82), (8000.0, 0.86, 0.8, 0.9)]


def test_points_law_and_lines() -> None:
    drawn = learning_plot("Curve", SIZES, LAW, [Level(0.9, "target", "line s3")], SAID)
    assert drawn.count("whisker") == 2 and drawn.count("polygon") == 1 and drawn.count("polyline") == 2
    assert "stroke-dasharray" in drawn and ">target<" in drawn and ">1,000<" in drawn and ">5,000<" in drawn
    dots = [float(x) for x in re.findall(r'<circle class="[^"]*" cx="([\d.]+)"|cx="([\d.]+)"', drawn)[0] if x]
    assert dots
    centres = sorted({float(x) for x in re.findall(r'cx="([\d.]+)" cy="[\d.]+" r="5"', drawn)})
    assert len(centres) == 2 and centres[0] < centres[1]


def test_points_alone() -> None:
    drawn = learning_plot("Curve", SIZES[:1], [], [], SAID)
    assert "polygon" not in drawn and ">law<" not in drawn and "points" in drawn
