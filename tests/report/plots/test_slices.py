"""A dot for every trial where its value and its score say."""

import re

from tunebook.report.plots.rulers import Ruler
from tunebook.report.plots.slices import Point, slice_plot


def test_dots_stand_where_they_belong_and_later_ones_are_darker():
    points = [Point(0.5, 0.9, 0.0, first=True), Point(0.0, 0.5, 0.2), Point(1.0, 0.7, 1.0)]
    plot = slice_plot("slice", Ruler("learning_rate", 1e-6, 1e-3, log=True), points, (0.4, 1.0), "accuracy")
    found = re.findall(
        r'<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)" class="([\w ]+)"(?: fill-opacity="([\d.]+)")?', plot
    )
    (x1, y1, _, _, early), (x2, y2, _, _, late), (x3, _, _, kind, _) = found
    assert float(x1) < float(x3) < float(x2)
    assert float(y1) > float(y2)
    assert float(early) < float(late)
    assert kind == "mark", "the table itself is drawn last, on top"
    assert ">0.0001<" in plot and ">learning_rate<" in plot
