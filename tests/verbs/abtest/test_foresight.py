"""What a test can see before it begins: by an earlier test of the same rows, or by the model that is stated."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.answers import Latent

from tests.ab_book import arm_scores, exam, gains
from tunebook.core.verdict import Gate, Look
from tunebook.stats.gate import MeanSquares
from tunebook.stats.power import min_detectable
from tunebook.verbs.abtest import looks as module
from tunebook.verbs.abtest.ab_plan import ABPlan
from tunebook.verbs.abtest.looks import Foresight, components, foresight, take_look, told
from tunebook.verbs.abtest.spending import planned_looks


def planned(seeds, **changes):
    return ABPlan(
        **{
            "a": 1, "b": 2, "a_values": "a", "b_values": "b", "a_plan": "p", "b_plan": "q", "metric": "accuracy",
            "delta": 0.02, "delta_kind": "absolute", "alpha": 0.05, "seeds": list(range(1, seeds + 1)), "shift": 0,
            "looks": planned_looks(seeds, None, Gate()), "split": "validation", "rows": "r", "content": "rows",
            "guards": [], "challenges": [], **changes,
        }
    )  # fmt: skip


def earlier(test, **changes):
    return Seen(
        **{
            "test": test,
            "a_values": "x",
            "b_values": "y",
            "content": "rows",
            "metric": "accuracy",
            "n": 400,
            "extra": {},
            **changes,
        }
    )


class Seen:
    """As much of a verdict as is asked for."""

    def __init__(self, **given):
        self.__dict__.update(given)


KNOWN = {"components": {"seeds": 4e-4, "rows": 1e-4}}


def test_the_newest_test_of_the_same_rows_and_metric_says_how_far_gains_spread():
    plan = planned(seeds=5, n=400)
    others = [
        earlier("other rows", content="else", extra=KNOWN),
        earlier("other metric", metric="macro_f1", extra=KNOWN),
        earlier("too old"),
        earlier("it", extra=KNOWN),
        earlier("older", extra={"components": {"seeds": 1.0, "rows": 1.0}}),
    ]
    expected = min_detectable(4e-4, 1e-4, 5, plan.looks[-1].alpha)
    assert foresight(plan, others) == Foresight(expected, "it")
    assert told(Foresight(expected, "it")) == {"gain": expected, "power": 0.8, "test": "it"}


def test_a_test_of_the_same_pair_goes_before_newer_ones_of_others():
    plan = planned(seeds=5, n=400)
    others = earlier("newer", extra={"components": {"seeds": 9e-4, "rows": 9e-4}})
    for pair in (("a", "b"), ("b", "a")):
        own = earlier("own", a_values=pair[0], b_values=pair[1], extra=KNOWN)
        assert foresight(plan, [others, own]) == Foresight(min_detectable(4e-4, 1e-4, 5, plan.looks[-1].alpha), "own")
    assert foresight(plan, [others]).test == "newer"


def test_a_test_without_any_spread_measures_none():
    plan, assumed = planned(seeds=5, n=400), foresight(planned(seeds=5, n=400), [])
    still = {"components": {"seeds": 0.0, "rows": 0.0}}
    assert foresight(plan, [earlier("still", extra=still)]) == assumed and assumed.gain > 0.01
    own = earlier("own", a_values="a", b_values="b", extra=still)
    assert foresight(plan, [own]) == assumed
    assert foresight(plan, [own, earlier("it", extra=KNOWN)]).test == "it"
    twin = earlier("twin", a_values="x", b_values="x", extra=KNOWN)
    assert foresight(plan, [twin]) == assumed, "a table against itself says nothing of two tables"
    assert foresight(planned(seeds=5, n=400, a_values="x", b_values="x"), [twin]).test == "twin"


def test_a_spread_is_never_finer_than_one_answer():
    plan, tiny = planned(seeds=5, n=400), {"components": {"seeds": 1e-12, "rows": 0.0}}
    alpha = plan.looks[-1].alpha
    assert foresight(plan, [earlier("it", extra=tiny)]).gain == min_detectable(1 / 400**2, 0.0, 5, alpha)
    loss = planned(seeds=5, n=400, metric="neg_loss")
    assert foresight(loss, [earlier("it", metric="neg_loss", extra=tiny)]).gain == min_detectable(1e-12, 0.0, 5, alpha)


def test_before_any_test_a_model_is_assumed_and_only_for_shares():
    few, many = (foresight(planned(seeds=5, n=n), []) for n in (400, 4000))
    assert few.test == "" and few.gain > many.gain > 0.01
    assert foresight(planned(seeds=5, n=400, groups=40), []).gain > few.gain, "as if each group were one row"
    assert foresight(planned(seeds=10, n=400), []).gain < few.gain
    assert foresight(planned(seeds=5, n=400, metric="neg_loss"), []) is None and told(None) is None


def test_the_model_is_that_of_the_benchmark():
    rng, found = np.random.default_rng(0), []
    for _ in range(40):
        right = Latent.draw(10, 5, 600, rng).right(0.0075, 0.0).astype(float)
        found.append(MeanSquares.of(right[:, 1] - right[:, 0]))
    seeds, rows, rest = (np.mean([getattr(part, name) for part in found]) for name in ("seeds", "rows", "rest"))
    assert rest == pytest.approx(module._OF_A_ROW, rel=0.05)
    assert (rows - rest) / 5 == pytest.approx(module._SHARED, rel=0.1)
    assert (seeds - rest) / 600 == pytest.approx(2 * module._OF_A_SEED, rel=0.2)


def test_components_give_the_look_its_own_standard_error_again():
    asked = exam(500)
    look = take_look(*(arm_scores(asked, right) for right in gains(4, 500, 0.6, 0.65)), Gate(metric="accuracy"), 0.05)
    found = components(look)
    assert (found["seeds"] / 4 + found["rows"]) ** 0.5 == pytest.approx(look.se)
    still = Look(seeds=3, alpha=0.05, gain=0, lower=0, upper=0, verdict="REJECT", se=0.1, seed_sd=0.5)
    assert components(still)["rows"] == 0
