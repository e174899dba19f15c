"""Bars are as long as their shares."""

import re

from tunebook.report.plots.shares import share_plot


def test_bars_are_as_long_as_their_shares():
    plot = share_plot("importance", [("rate", 0.75), ("batch", 0.25), ("rest", 0.0)])
    long, short, none = (float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', plot))
    assert abs(long / short - 3) < 0.01
    assert none == 1
    assert ">75%<" in plot and ">0%<" in plot
