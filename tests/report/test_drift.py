"""The page of a day: what it says and draws, in both languages, with and without texts."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.core.nouns import Interval
from tunebook.report.drift import Day, Example, interval_text, signal_row, verdict
from tunebook.report.plots.drift import Curve, looks_plot, two_bars, two_histograms
from tunebook.watch.course import Look
from tunebook.watch.posting import p_text
from tunebook.watch.signals import Signal


def signal(**more: object) -> Signal:
    given = {"name": "answer.label", "kind": "share", "statistic": 0.2, "p_value": 1e-7, "old": 0.5, "new": 0.7}
    return Signal(**{**given, **more})  # type: ignore[arg-type]


def look(*signals: Signal) -> Look:
    return Look(number=1, run="r", since=0, until=1, rows=500, alpha=0.01, signals=list(signals))


def test_a_look_in_a_sentence():
    assert verdict(look(signal(alarm=True)), 1) == "500 rows were looked at; these changed beyond chance: answers."
    assert "nothing changed" in verdict(look(signal()), 0)
    assert "2 alarms from before" in verdict(look(signal()), 2)


@pytest.mark.parametrize(
    ("value", "text"), [(0.25, "0.250"), (0.0004, "4e-04"), (1e-310, "< 1e-300"), (0.0, "< 1e-300")]
)
def test_p_values_in_words(value, text):
    assert p_text(value) == text


def test_a_signal_as_a_line():
    line = signal_row(signal(where="good", psi=0.1))
    assert (line["name"], line["old"], line["new"], line["psi"]) == ("answers (good)", "50.0%", "70.0%", "0.100")
    bare = signal_row(signal(name="input.mmd", kind="mmd", old=float("nan"), new=float("nan")))
    assert (bare["old"], bare["new"], bare["psi"], bare["test"]) == ("–", "–", "–", "MMD")
    assert interval_text(None) == "–"
    assert interval_text(Interval(value=0.5, low=0.4, high=0.6)) == "0.500 [0.400, 0.600]"


def test_old_and_new_side_by_side():
    drawn = two_histograms("x", [0, 1, 2], ([0.5, 0.5], [0.25, 0.75]), ("x", "share"), ("old", "new"))
    assert drawn.count("<rect") == 2
    assert "1–2: 75.0%" in drawn
    bars = two_bars("x", ["a & b", "c"], ([0.5, 0.5], [0.2, 0.8]), ("old", "new"))
    assert bars.count("<rect") == 4
    assert "a &amp; b" in bars
    assert two_bars("x", [], ([0.0], [0.0]), ("old", "new")).count("<rect") == 0


def test_curves_have_bands_dots_and_marks():
    curve = Curve("estimated", [(1, 0.8), (2, 0.7)], "s1", [(0.75, 0.85), (0.6, 0.8)])
    drawn = looks_plot("x", [curve], ("look", "share"), [2.0])
    assert drawn.count("<polygon") == 1
    assert drawn.count("chosen") == 1
    assert drawn.count("<circle") == 3  # two, and that of the legend
    many = looks_plot("x", [Curve("c", [(float(x), float(np.sin(x))) for x in range(60)], "s2")], ("look", "y"))
    assert many.count("<circle") == 1


def test_a_day_is_a_record():
    day = Day(
        date="2026-12-01", book="b", run="r", looks=[look(signal())], examples=[Example(new="a", old="b", likeness=0.5)]
    )
    assert Day.model_validate_json(day.model_dump_json()).examples == day.examples
