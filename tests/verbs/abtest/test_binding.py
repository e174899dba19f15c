"""Which tests bind under a gate, what their looks spend, and when they have rejected a table."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from tests.plans import frozen, look
from tunebook.core.verdict import Gate
from tunebook.stats.sequential import spent
from tunebook.verbs.abtest.ab_plan import Guard, PlannedLook
from tunebook.verbs.abtest.binding import judged_by, laxer, overspent, rejects, too_lax
from tunebook.verbs.abtest.spending import Taken, error_of

GATE = Gate()


def planned(*looks: tuple[int, float]) -> list[PlannedLook]:
    return [PlannedLook(seeds=seeds, alpha=alpha) for seeds, alpha in looks]


EACH = spent(0.05, 3, (3.0, 5.0, 10.0))
LAX: list[tuple[dict[str, Any], str]] = [
    ({"metric": "macro_f1"}, "metric"),
    ({"delta": 0.019}, "delta"),
    ({"delta_kind": "relative"}, "delta_kind"),
    ({"alpha": 0.051}, "alpha"),
    ({"seeds": [1, 2, 3, 4], "looks": planned((3, 0.02), (4, 0.02))}, "seeds"),
    ({"seeds": [1, 2, 3, 4, 6]}, "seeds"),
    ({"seeds": [5, 4, 3, 2, 1]}, "seeds"),
    ({"seeds": list(range(7, 12))}, "seeds"),
    ({"looks": planned((2, 0.01), (5, 0.01))}, "looks"),
    ({"looks": planned((3, 0.01), (4, 0.01), (5, 0.01))}, "looks"),
    ({"looks": planned((3, 0.05), (5, 0.05))}, "looks"),
    ({"looks": planned((5, 0.05))}, "looks"),
    ({"looks": planned((3, 0.03), (5, 0.0225))}, "looks"),
    ({"seeds": [1, 2, 3, 4, 5, 6], "looks": planned((6, 0.01))}, "looks"),
    ({"seeds": list(range(1, 21)), "looks": planned((10, 0.01), (20, 0.01))}, "looks"),
    ({"guards": [Guard(name="worst_class", margin=None, least=100)]}, "guard.worst_class"),
    ({"guards": [Guard(name="worst_class", margin=0.06, least=100)]}, "guard.worst_class"),
    ({"guards": [Guard(name="worst_class", margin=0.05, least=101)]}, "guard.worst_class"),
    ({"guards": [Guard(name="worst_class", margin=0.05, least=100, classes=3)]}, "guard.worst_class"),
    ({"guards": []}, "guard.worst_class"),
]


@pytest.mark.parametrize(("changes", "key"), LAX)
def test_a_laxer_rule_does_not_bind(changes: dict[str, Any], key: str) -> None:
    found = laxer(frozen(**changes), frozen(), GATE)
    assert found is not None and found.key == key and found.allowed and found.value is not None


STRICT: list[dict[str, Any]] = [
    {},
    {"delta": 0.03},
    {"alpha": 0.01, "looks": planned((3, 0.005), (5, 0.005))},
    {"seeds": list(range(1, 11)), "looks": planned((3, EACH), (5, EACH), (10, EACH))},
    {"seeds": list(range(1, 11)), "looks": planned((5, EACH), (10, EACH))},
    {"looks": planned((5, EACH))},
    {"guards": [Guard(name="worst_class", margin=0.01, least=2), Guard(name="time", margin=0.2)]},
]


@pytest.mark.parametrize("changes", STRICT)
def test_a_stricter_rule_binds(changes: dict[str, Any]) -> None:
    assert laxer(frozen(**changes), frozen(), GATE) is None


def test_what_the_gate_only_reports_may_be_left_out() -> None:
    asked = frozen(guards=[Guard(name="time", margin=None)])
    assert laxer(frozen(guards=[]), asked, GATE) is None


def test_what_a_test_that_does_not_bind_is_told() -> None:
    plan = frozen(alpha=0.3, continues=Path("old/runs/r1"))
    lax = laxer(plan, frozen(), GATE)
    assert lax is not None
    error = too_lax(lax, plan, Path("book"), "v1", "v2")
    assert (error.code, error.value, error.allowed) == ("promote.laxer", 0.3, "<= 0.05")
    assert "tunebook ab book v1 v2 --continue-from old/runs/r1" in error.advice


def taken(*looks: tuple[int, float]) -> list[Taken]:
    return [Taken("t", seeds, alpha) for seeds, alpha in looks]


def test_spent_looks_are_those_of_the_multivariate_normal() -> None:
    places, levels = (3, 5, 10), (0.02, 0.03, 0.01)
    times = np.array(places, dtype=float)
    correlation = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    law = stats.multivariate_normal(np.zeros(3), correlation, abseps=1e-7, releps=1e-7, maxpts=400_000)
    looks = taken(*zip(places, levels, strict=True))
    assert error_of(looks[::-1]) == pytest.approx(1 - law.cdf(-ndtri(np.array(levels))), abs=2e-5)
    assert error_of([*looks, *taken((3, 0.001), (5, 0.03))]) == pytest.approx(error_of(looks)), "seen before"
    assert error_of([]) == 0


def test_a_plan_of_the_gate_spends_all_and_no_more() -> None:
    every = taken(*((seeds, EACH) for seeds in (3, 5, 10)))
    assert overspent([every], 0.05) is None and overspent([taken((5, 0.05))], 0.05) is None
    both = stats.multivariate_normal(np.zeros(2), [[1, np.sqrt(0.5)], [np.sqrt(0.5), 1]]).cdf(-ndtri([0.05, 0.05]))
    assert overspent([taken((5, 0.05), (10, 0.05))], 0.05) == pytest.approx(1 - both, abs=1e-5)
    assert all(overspent([part], 0.05) is None for part in combinations(every, 2))


def test_looks_at_other_runs_add_up() -> None:
    assert overspent([taken((3, 0.02)), taken((3, 0.03))], 0.05) is None
    assert overspent([taken((3, 0.03)), taken((3, 0.03))], 0.05) == pytest.approx(0.06)


def test_what_a_gate_judges() -> None:
    gate = Gate(metric="accuracy")
    assert judged_by(frozen(), gate) and judged_by(frozen(seeds=[1, 2, 3], delta=0.0, guards=[]), gate)
    for other in ({"metric": "macro_f1"}, {"alpha": 0.06}, {"seeds": [2, 3, 4]}):
        assert not judged_by(frozen(**other), gate)


def test_what_has_rejected_a_table() -> None:
    no = look(5, 0.03, upper=0.015, verdict="REJECT")
    assert rejects(frozen(), [no], GATE)
    assert rejects(frozen(delta=0.05), [no], GATE), "it asked for more, and saw less than the gate asks for"
    assert not rejects(frozen(delta=0.05), [look(5, 0.03, upper=0.04, verdict="REJECT")], GATE)
    relative = Gate(delta_kind="relative")
    assert not rejects(frozen(delta=0.05, delta_kind="relative"), [no], relative)
    assert rejects(frozen(delta_kind="relative"), [no], relative)
    assert not rejects(frozen(), [], GATE) and not rejects(frozen(), [look(5, 0.03)], GATE)
