"""Successive halving over seeds: who is bought how often, who is left, and what a budget cuts off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from tests import ab_book
from tests.verbs.racing.contexts import Free, candidate
from tunebook.stats.gate import two_way
from tunebook.verbs.abtest.scored import ArmScores
from tunebook.verbs.racing.budget import OutOfTimeError
from tunebook.verbs.racing.race import lead, measure_leads, race, ranked

LEVELS = {"champion": 0.5, **{str(number): 0.5 + number / 100 for number in range(1, 7)}}
EXAM = ab_book.exam(60)
A, B = ab_book.gains(4, 60, 0.6, 0.8)


def level(name: str) -> Any:
    return lambda place: LEVELS[name]


SCORES = {name: level(name) for name in LEVELS}


def bought(context: Free) -> list[tuple[str, int]]:
    return cast(Any, context).log


def counts(context: Free) -> dict[str, int]:
    return {item.name: len(item.scores) for item in context.state_file.state.candidates}


def test_the_better_half_goes_on(tmp_path: Path) -> None:
    context = Free(tmp_path, SCORES)
    winner = race(context)
    assert winner is not None and winner.name == "6" and winner.state == "finalist"
    assert counts(context) == {"champion": 5, "1": 1, "2": 1, "3": 1, "4": 3, "5": 5, "6": 5}
    assert {item.state for item in context.state_file.state.candidates} == {"champion", "finalist", "out"}
    assert bought(context)[:7] == [(name, 0) for name in LEVELS], "every table once, before any twice"
    assert len(set(bought(context))) == len(bought(context)) == 21


def test_a_stop_after_any_purchase_buys_the_rest_and_nothing_twice(tmp_path: Path) -> None:
    whole = Free(tmp_path / "whole", SCORES)
    race(whole)
    for stop in range(1, 21):
        context = Free(tmp_path / str(stop), SCORES)
        left = stop

        def once(name: str, place: int, plain: Any = context.buy) -> None:
            nonlocal left
            if not left:
                raise KeyboardInterrupt
            left -= 1
            plain(name, place)

        object.__setattr__(context, "buy", once)
        with pytest.raises(KeyboardInterrupt):
            race(context)
        left = 99
        winner = race(context)
        assert winner is not None and winner.name == "6"
        assert sorted(bought(context)) == sorted(bought(whole))


def test_a_lucky_first_seed_is_found_out(tmp_path: Path) -> None:
    lucky = {**SCORES, "1": lambda place: 0.9 if place == 0 else 0.4}
    context = Free(tmp_path, lucky)
    winner = race(context)
    assert winner is not None and winner.name == "6" and counts(context)["1"] == 3 + 2, "its mean carries it a while"


def test_what_fails_is_out_and_the_others_go_on(tmp_path: Path) -> None:
    context = Free(tmp_path, SCORES, fails=("6", "2"))
    winner = race(context)
    assert winner is not None and winner.name == "5"
    assert context.state_file.state.named("6").state == "failed" and ("6", 1) not in bought(context)
    nobody = Free(tmp_path / "none", {"champion": level("champion"), "1": level("1")}, fails=("1",))
    assert race(nobody) is None


def test_one_candidate_alone_has_one_run(tmp_path: Path) -> None:
    context = Free(tmp_path, {"champion": level("champion"), "1": level("1")})
    assert race(context) is not None
    assert bought(context) == [("champion", 0), ("1", 0)], "there is nobody left to choose from: the gate decides"


def test_a_short_budget_races_fewer_and_leaves_enough_for_the_proof(tmp_path: Path) -> None:
    context = Free(tmp_path, SCORES, minutes=20 / 60)
    winner = race(context)
    assert winner is not None and winner.name == "3"
    assert counts(context) == {"champion": 1, "1": 1, "2": 1, "3": 1, "4": 0, "5": 0, "6": 0}
    assert context.meter.left >= context.proof("3")
    assert [context.state_file.state.named(name).state for name in "456"] == ["not_bought"] * 3


def test_a_budget_without_a_proof_buys_what_it_can_and_goes_on_with_more(tmp_path: Path) -> None:
    context = Free(tmp_path, SCORES, minutes=3 / 60)
    with pytest.raises(OutOfTimeError):
        race(context)
    assert (
        len(bought(context)) == 3 and context.state_file.state.rung == 0 and context.state_file.state.finalist is None
    )
    context.meter.limit = 3600.0
    winner = race(context)
    assert winner is not None and winner.name == "6" and len(bought(context)) == 21


def test_the_order_is_by_the_seeds_that_all_have() -> None:
    many, few = candidate("1", scores=[0.9, 0.1, 0.1]), candidate("2", scores=[0.8])
    assert [item.name for item in ranked([few, many])] == ["1", "2"]
    level_ones = [candidate(str(number), scores=[0.5]) for number in range(3)]
    assert [item.name for item in ranked(level_ones)] == ["0", "1", "2"]


def test_halving_finds_the_best_more_often_than_one_run_each(tmp_path: Path) -> None:
    """Gains of 0 to 5 points, noise of 3 points a seed; both choices from the same draws."""
    draw, halved, single = np.random.default_rng(0), 0, 0
    for number in range(60):
        noise = draw.normal(0, 0.03, size=(7, 5))
        scores = {
            name: (lambda place, own=noise[row], name=name: LEVELS[name] + own[place])  # type: ignore[misc]
            for row, name in enumerate(LEVELS)
        }
        winner = race(Free(tmp_path / str(number), scores))
        halved += winner is not None and winner.name in "56"
        single += max(list(LEVELS)[1:], key=lambda name: scores[name](0)) in "56"
    assert halved > single + 5


def test_a_rung_is_left_out_where_the_proof_would_have_no_time(tmp_path: Path) -> None:
    context = Free(tmp_path, SCORES, minutes=(7 + 16 + 3) / 60)
    winner = race(context)
    assert winner is not None and winner.name == "6" and len(bought(context)) == 7
    dear = Free(tmp_path / "dear", SCORES, minutes=(7 + 10) / 60)
    object.__setattr__(dear, "proof", lambda name: 1.0 if len(bought(dear)) < 7 else 16.0)
    with pytest.raises(OutOfTimeError):
        race(dear)
    assert len(bought(dear)) == 7 + 10 and dear.state_file.state.rung == 2, "out of reach: the race goes on meanwhile"


def arm_scores(right: Any) -> ArmScores:
    return ab_book.arm_scores(EXAM, right)


def test_from_three_seeds_on_it_is_the_interval_of_the_gate() -> None:
    found = lead(arm_scores(A), arm_scores(B), "accuracy", 0.05)
    effect = two_way(B.astype(float) - A.astype(float), 0.05)
    assert [found[name] for name in ("gain", "lower", "upper")] == pytest.approx(
        [effect.mean, effect.lower, effect.upper]
    )


@pytest.mark.parametrize("seeds", [1, 2])
def test_before_it_is_an_interval_of_the_rows(seeds: int) -> None:
    found = lead(arm_scores(A[:seeds]), arm_scores(B[:seeds]), "accuracy", 0.05)
    apart = (B[:seeds].astype(float) - A[:seeds]).mean(0)
    wanted = ttest_1samp(apart, 0).confidence_interval(0.9)
    assert found["gain"] == pytest.approx(apart.mean())
    assert (found["lower"], found["upper"]) == pytest.approx((wanted.low, wanted.high))


def test_a_metric_that_no_row_has_needs_seeds_for_an_interval() -> None:
    one = lead(arm_scores(A[:1]), arm_scores(B[:1]), "macro_f1", 0.05)
    assert one["gain"] > 0 and one["lower"] is None and one["upper"] is None
    assert lead(arm_scores(A), arm_scores(B), "macro_f1", 0.05)["lower"] < one["gain"]


def test_they_are_written_down_by_the_seeds_that_both_have(tmp_path: Path) -> None:
    context = Free(tmp_path, {name: lambda place: 0.5 for name in ("champion", "1", "2", "3")})
    for name, right in (("champion", A), ("1", B), ("2", B[:1])):
        context.state_file.change(name, scores=list(right.mean(1)))
    answers = {"champion": arm_scores(A), "1": arm_scores(B), "2": arm_scores(B[:1])}
    cast(Any, context).__dict__["candidate_scores"] = lambda item: answers.get(item.name)
    measure_leads(context)
    first, second, third = (context.state_file.state.named(name) for name in "123")
    assert first.gain == pytest.approx(float(B.mean() - A.mean())) and second.gain == pytest.approx(
        float(B[0].mean() - A[0].mean())
    )
    assert first.lower is not None and second.upper is not None and third.gain is None
    assert context.state_file.state.champion.gain is None
    answers["champion"] = cast(Any, None)
    measure_leads(context)
    assert np.isfinite(first.gain or np.nan)


def test_groups_of_rows_take_their_place() -> None:
    groups = np.repeat(np.arange(12), 5)
    exam = replace(EXAM, groups=groups)
    found = lead(ab_book.arm_scores(exam, A[:1]), ab_book.arm_scores(exam, B[:1]), "accuracy", 0.05)
    means = (B[0].astype(float) - A[0]).reshape(12, 5).mean(1)
    wanted = ttest_1samp(means, 0).confidence_interval(0.9)
    assert (found["lower"], found["upper"]) == pytest.approx((wanted.low, wanted.high))
