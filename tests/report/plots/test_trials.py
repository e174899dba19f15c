"""The course of a search: dots, and a stair that only rises."""

import re

from tunebook.report.plots.trials import Tried, trials_plot

NAMES = ("complete", "best so far")


def plot(*trials):
    return trials_plot("course", trials, ("trial", "accuracy"), NAMES)


def stair(drawn):
    (points,) = re.findall(r'<polyline points="([^"]+)" fill="none" class="line s2"', drawn)
    return [float(pair.split(",")[1]) for pair in points.split()]


def test_the_stair_only_rises_and_ends_at_the_last_trial():
    drawn = plot(Tried(0, 0.5, first=True), Tried(1, 0.4), Tried(2, 0.7), Tried(3, 0.9, complete=False), Tried(4, 0.6))
    heights = stair(drawn)
    assert heights == sorted(heights, reverse=True), "up on the page is a smaller y"
    assert len(set(heights)) == 2, "the pruned trial is no best"
    assert drawn.count('class="mark b1"') == 1
    assert drawn.count('r="5.5"') == 1
    assert 'class="chosen"' in drawn


def test_one_trial_and_only_pruned_ones_are_drawn():
    assert "nan" not in plot(Tried(0, 0.0))
    drawn = plot(Tried(1, 0.3, complete=False), Tried(2, 0.2, complete=False, first=True))
    assert "line s2" not in drawn and 'class="chosen"' not in drawn


def test_trials_are_whole_on_the_axis():
    drawn = plot(Tried(0, 0.5, first=True), Tried(1, 0.4))
    ticks = re.findall(r'text-anchor="middle">([\d.]+)<', drawn)
    assert ticks == ["0", "1"]
