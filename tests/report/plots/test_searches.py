"""A line for every trial, the best on top."""

from __future__ import annotations

import re

import pytest

from tunebook.report.plots.searches import Path, Point, Ruler, Tried, parallel_plot, slice_plot, trials_plot

RULERS = [
    Ruler("learning_rate", 1e-6, 1e-3, log=True),
    Ruler("a very long name of a technique", 0.0, 1.0),
    Ruler("score", 0.5, 1.0),
]
NAMES = ("complete", "best so far")


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


def test_places_on_a_linear_and_a_logarithmic_ruler():
    assert Ruler("x", 0.0, 10.0).place(2.5) == 0.25
    assert Ruler("x", 1e-6, 1e-2, log=True).place(1e-4) == pytest.approx(0.5)
    assert Ruler("x", 3.0, 3.0).place(3.0) == 0.0


@pytest.mark.parametrize("value", [None, "text", 0.0, -1])
def test_what_has_no_place(value):
    assert Ruler("x", 1.0, 10.0, log=True).place(value) is None


def test_marks_are_round_and_inside():
    assert [text for _, text in Ruler("x", 1e-6, 1e-3, log=True).marks()] == ["1e-06", "1e-05", "0.0001", "0.001"]
    assert [text for _, text in Ruler("x", 8.0, 64.0, log=True).marks()] == ["10", "20", "50"]
    assert [text for _, text in Ruler("x", 1.3, 1.6, log=True).marks()] == ["1.3", "1.6"]
    assert Ruler("x", 0.0, 1.0, states=("off", "on")).marks() == [(0.0, "off"), (1.0, "on")]
    for ruler in (Ruler("x", 2e-5, 7e-5, log=True), Ruler("x", 0.0, 0.3)):
        marks = ruler.marks()
        assert len(marks) >= 3
        assert all(-0.01 <= place <= 1.01 for place, _ in marks)
        assert [place for place, _ in marks] == sorted(place for place, _ in marks)


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
