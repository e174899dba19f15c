"""What was calibrated, in words and tables of both languages, and on the page of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tunebook.core.calibrates import Calibration, Certain, Change, Cuts, Temperature
from tunebook.core.messages import say
from tunebook.core.nouns import Interval
from tunebook.report.calibration import (
    calibration_view,
    covered_headings,
    covered_rows,
    doubts,
    figure_rows,
    headings,
    sentences,
    threshold_caption,
    threshold_rows,
)
from tunebook.verbs.steps.certain import covered


def around(value: float) -> Interval:
    return Interval(value=value, low=value - 0.01, high=value + 0.01)


def change(before: float, after: float) -> Change:
    return Change(before=around(before), after=around(after))


def made(applied: bool = True, gain: float = 0.05, cuts: Cuts | None = None, certain: Certain | None = None) -> Any:
    figures = {"ece": change(0.09, 0.02), "log_loss": change(0.5, 0.4)}
    heat = Temperature(
        value=1.5, applied=applied, gain=around(gain), validation=figures, test=figures, items=[100, 200]
    )
    return Calibration(run="r", model="m", content="c", temperature=heat, cuts=cuts, certain=certain)


def cuts_of(by: str = "precision", **more: Any) -> Cuts:
    figures = {"precision": change(0.8, 0.9)}
    return Cuts(by=by, wanted=None if by == "cost" else 0.9, validation=figures, test=figures, **more)


def sure() -> Certain:
    side = covered(np.linspace(0.3, 1, 40), np.arange(40) > 9, None, 0.5)
    return Certain(score=0.5, wanted=0.9, confidence=0.95, least=0.91, validation=side, test=side)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_temperature_is_told_with_what_it_gains(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    for item in (made(), made(applied=False, gain=-0.01)):
        (told,) = sentences(item)
        assert "1.500" in told
    assert "1.500" not in sentences(made(applied=False))[0], "the rows do not tell"
    rows = figure_rows(made())
    assert [len(row) for row in rows] == [len(headings())] * 2
    assert rows[0][1:3] == ["0.090 (0.080 … 0.100)", "0.020 (0.010 … 0.030)"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_speaks_against_a_temperature_is_told(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    found = made()
    assert doubts(found) == []

    def heat(**what: Any) -> Calibration:
        return made().model_copy(update={"temperature": found.temperature.model_copy(update=what)})

    assert doubts(heat(gain=around(0.005))) == [say("calibrate.open")], "down to -0.005"
    worse = {"test": {"ece": change(0.02, 0.03), "log_loss": change(0.202, 0.251)}}
    (told,) = doubts(heat(**worse))
    assert told == say("calibrate.worse", before="0.2020", after="0.2510") and "--remove" in told
    assert doubts(heat(**worse, applied=False)) == [], "what is not used does no harm"
    view = calibration_view(heat(**worse))
    assert view is not None and told in view["notes"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_target_that_rows_without_a_say_do_not_reach_is_told(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    held = made(cuts=cuts_of(classes={"good": 0.7}))
    assert doubts(held) == [] and doubts(made(cuts=cuts_of("cost", metric="money", classes={"good": 0.7}))) == []
    cuts = cuts_of(classes={"good": 0.7}).model_copy(update={"wanted": 0.95})
    (told,) = doubts(made(cuts=cuts))
    assert "0.95" in told and "0.900 (0.890 … 0.910)" in told and say("calibrate.precision_name").lower() in told


def test_of_several_classes_those_that_miss_the_target_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    cuts = cuts_of(classes={"food": 0.7, "room": 0.6}).model_copy(update={"wanted": 0.85})
    assert doubts(made(cuts=cuts)) == [], "all classes together reach it"
    (told,) = doubts(made(cuts=cuts.model_copy(update={"held": {"food": around(0.9), "room": around(0.7)}})))
    assert "room 0.700" in told and "food" not in told


def test_thresholds_costs_and_classes_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    assert threshold_rows(made()) == [] and threshold_caption(made()) == ""
    shares = made(cuts=cuts_of(classes={"good": 0.31}, kept=["bad"]))
    assert threshold_rows(shares) == [["good", "0.3100"]] and "0.9" in threshold_caption(shares)
    assert any("bad" in sentence for sentence in sentences(shares))
    assert len(figure_rows(shares)) == 3
    dear = made(cuts=cuts_of("cost", metric="money", costs=[[0.0, 1.0], [2.0, 0.0]]))
    assert threshold_caption(dear) == "" and any("money" in sentence for sentence in sentences(dear))
    cheap = made(cuts=cuts_of("cost", metric="money", classes={"good": 0.2}))
    assert "money" in threshold_caption(cheap)


def test_what_is_promised_of_sure_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    found = made(certain=sure())
    told = sentences(found, grouped=True)
    assert "91.0%" in told[1] and "95%" in told[1] and "groups" in told[2]
    assert [len(row) for row in covered_rows(sure())] == [len(covered_headings())] * 3
    view = calibration_view(found)
    assert view is not None and "<svg" in view["plot"] and len(view["tables"]) == 2
    several = calibration_view(made(cuts=cuts_of(classes={"good": 0.31})))
    assert several is not None and several["plot"] is None and len(several["tables"]) == 2
    assert calibration_view(None) is None


def test_nothing_given_is_neither_right_nor_wrong() -> None:
    none = covered(np.linspace(0.1, 0.4, 40), np.arange(40) > 9, None, 0.9)
    assert none.given == 0 and (none.accuracy.low, none.accuracy.high) == (0.0, 1.0)
