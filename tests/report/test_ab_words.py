"""Verdicts in words."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from tests.report.test_ab import verdict
from tunebook.core.formatting import amount
from tunebook.core.verdict import Guardrail, RowEffect
from tunebook.report.ab_words import (
    effect_text,
    foresight_text,
    further_seeds,
    guard_margin,
    guard_name,
    guard_sees,
    guard_text,
    held_text,
    sentence,
    settle_text,
    shown_guards,
    sorted_ends,
    wanted,
    worst_first,
)
from tunebook.verbs.abtest.looks import Foresight


@pytest.mark.parametrize(
    ("value", "metric", "sign", "text"),
    [(0.031, "accuracy", True, "+3.1 points"), (-0.031, "ece", True, "-3.1 points"),
     (0.02, "accuracy", False, "2.0 points"), (-1.9, "accuracy", True, "-100.0 points"),
     (1.5, "mcc", True, "+150.0 points"), (2.5, "mcc", True, "+200.0 points"), (-3.0, "r2", True, "-300.0 points"),
     (1.5, "perplexity", True, "+1.500"), (math.nan, "accuracy", True, "–"), (math.inf, "mse", True, "–")],
)  # fmt: skip
def test_amounts(value, metric, sign, text):
    assert amount(value, metric, sign) == text


@pytest.mark.parametrize(
    ("decision", "words"),
    [("STRONG", "proven to be more than 2.0 points"), ("PROMOTE", "Some gain is proven"), ("REJECT", "not worth it"),
     ("INCONCLUSIVE", "cannot be told yet")],
)  # fmt: skip
def test_the_sentence(decision, words):
    told = sentence(verdict(decision))
    assert words in told and "+4.1 points" in told and "2,000 rows" in told and "does not pass" not in told


def test_the_sentence_names_what_broke():
    guards = [guard.model_copy(update={"held": False}) for guard in verdict().guardrails]
    told = sentence(verdict(guardrails=guards))
    assert "does not pass" in told and "worst class (joy & <b>)" in told and "Training time" in told
    assert "1 more" in told and "hard.csv" not in told


def test_groups_are_told():
    assert "groups" not in sentence(verdict())
    assert "belong to 40 groups" in sentence(verdict(groups=40))
    told = settle_text(verdict("INCONCLUSIVE", settle={"seeds": None, "rows": 9000, "groups": 450}))
    assert "9,000 scored rows of 450 groups" in told


def test_what_a_test_can_see():
    asked: Any = SimpleNamespace(seeds=[1, 2, 3], n=1400, metric="accuracy")
    told = foresight_text(Foresight(0.031), asked)
    assert "3 seeds and 1,400 rows" in told and "3.1 points or more" in told and "assumed" in told
    assert "test abc on these rows" in foresight_text(Foresight(0.031, "abc"), asked)


def test_a_share_of_the_old_score():
    assert wanted(verdict(delta_kind="relative")) == "2 %"


def test_guardrails():
    worst, time, latency, hard = verdict().guardrails
    assert guard_name(time) == "Training time" and guard_name(hard) == "Challenge: hard.csv"
    assert sorted_ends(worst) == ("-100.0 points", "+5.0 points"), "no share can fall further"
    assert sorted_ends(time) == ("+40 %", "+60 %") and guard_margin(time) == "+20 %"
    assert guard_text(latency, latency.gain) == guard_margin(latency) == "–"
    assert [held_text(guard) for guard in (time, time.model_copy(update={"held": False}), latency)] == [
        "held",
        "not held",
        "reported",
    ]
    assert guard_text(time, 0.0001) == "+0 %"


def of_class(number: int, **more: Any) -> Guardrail:
    fields = {"margin": 0.05, "gain": 0.0, "lower": -number / 100, "upper": 0.1, "held": number < 5, "rows": 300}
    return Guardrail(name=f"class:c{number}", kind="score", **{**fields, **more})


def test_of_many_classes_the_worst_are_shown_and_the_others_counted():
    counted = [of_class(number) for number in range(10)]
    few = [of_class(number, margin=math.inf, held=True, rows=7) for number in range(10, 77)]
    other = verdict().guardrails[1]
    found, told = shown_guards(verdict(guardrails=[*few, *counted, other]))
    assert [item.name for item in found] == ["time", "class:c9", "class:c8", "class:c7", "class:c6", "class:c5"]
    assert told == "72 more classes are in the verdict: 0 not held, 5 held, 67 reported only."
    assert len(sentence(verdict(guardrails=[*few, *counted, other]))) < 400
    assert [item.name for item in worst_first(verdict(guardrails=[*few, *counted]))][5:7] == ["class:c4", "class:c3"]
    unmeasured = of_class(1, lower=math.nan, held=False)
    assert worst_first(verdict(guardrails=[counted[9], unmeasured]))[1] is unmeasured
    assert shown_guards(verdict(guardrails=counted[:5])) == (counted[4::-1], "")
    assert held_text(few[0]) == "reported (there are 7)" and guard_name(few[0]) == "Recall (c10)"


def test_the_fall_that_a_guardrail_would_see():
    assert guard_sees(of_class(1, sees=0.031)) == "-3.1 points" and guard_sees(of_class(1)) == "–"
    assert guard_sees(verdict().guardrails[1].model_copy(update={"sees": 0.25})) == "+25 %"


def test_effects():
    told = RowEffect(row="x", effect=-0.05, lower=-0.07, upper=-0.03)
    assert effect_text(told, "accuracy") == "-5.0 points [-7.0 points, -3.0 points]"
    assert effect_text(None, "accuracy") == effect_text(told.model_copy(update={"effect": math.nan}), "accuracy") == "–"


def test_what_would_settle_it():
    assert settle_text(verdict()) == ""
    told = settle_text(verdict("INCONCLUSIVE", settle={"seeds": 12, "rows": 9000, "seconds": 600.0, "money": 2.5}))
    assert "12 seeds" in told and "10.0 min, 2.50 EUR" in told and "9,000" in told
    assert settle_text(verdict("INCONCLUSIVE", settle={"seeds": None, "rows": 9000})).startswith("So would")
    assert "Neither" in settle_text(verdict("INCONCLUSIVE", settle={"seeds": None, "rows": None}))
    assert settle_text(verdict("INCONCLUSIVE", settle={})) == "", "of a metric without rows nobody can tell"


def test_more_seeds_are_proposed_where_they_may_decide_it():
    places = [3, 5, 10]
    for seeds, proposed in ((8, 10), (10, 10), (11, None), (None, None)):
        assert further_seeds(verdict("INCONCLUSIVE", settle={"seeds": seeds, "rows": 9000}), places) == proposed
    unknown = verdict("INCONCLUSIVE", settle={})
    assert further_seeds(unknown, places) == min(place for place in places if place > unknown.seeds)
    assert further_seeds(verdict("REJECT"), places) is None
