"""A line for every trial, the best on top."""

import re

from tunebook.report.plots.parallel import Path, parallel_plot
from tunebook.report.plots.rulers import Ruler

RULERS = [
    Ruler("learning_rate", 1e-6, 1e-3, log=True),
    Ruler("a very long name of a technique", 0.0, 1.0),
    Ruler("score", 0.5, 1.0),
]


def test_the_best_is_drawn_last_and_thickest():
    paths = [Path([0.5, 0.2, 1.0], 1, "0: 0.9"), Path([0.1, 0.3, 0.5], 3, "1: 0.7"), Path([0.2, 0.9, 0.8], 2, "2: 0.8")]
    plot = parallel_plot("all rows", RULERS, paths)
    titles = re.findall(r"<polyline [^>]*><title>([^<]+)</title>", plot)
    assert titles == ["1: 0.7", "2: 0.8", "0: 0.9"]
    widths = [float(width) for width in re.findall(r"stroke-width:([\d.]+)", plot)]
    assert widths == sorted(widths)
    assert "…" in plot
    assert ">–<" not in plot


def test_a_value_that_is_none_has_its_place_below():
    plot = parallel_plot("all rows", RULERS, [Path([None, 0.5, 0.5], 1, "x")])
    assert ">–<" in plot
    (points,) = re.findall(r'<polyline points="([^"]+)"', plot)
    heights = [float(pair.split(",")[1]) for pair in points.split()]
    assert heights[0] > max(heights[1:])


def test_one_ruler_alone():
    assert "nan" not in parallel_plot("one", RULERS[:1], [Path([0.5], 1, "x")])
