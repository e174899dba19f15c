"""Plans of tests: frozen, hashed, filled in from the gate, and refused where they cannot be kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import ab_book
from tests.scored import TASK
from tunebook.core.errors import DataError, PlanError
from tunebook.core.nouns import read_json, write_json
from tunebook.core.verdict import RATIOS, Gate
from tunebook.stats.sequential import spent
from tunebook.verbs.abtest import ab_plan as module
from tunebook.verbs.abtest.ab_plan import Prices
from tunebook.verbs.abtest.arms import Arm
from tunebook.verbs.abtest.classes import class_sizes, watched
from tunebook.verbs.abtest.scored import split_exam
from tunebook.verbs.steps.plan import plan


@pytest.fixture(scope="module")
def parts(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    book = ab_book.make_book(tmp_path_factory.mktemp("plans"), base)
    arms = tuple(Arm(book.tables.get(n), plan(book.tables.get(n), book.data, seed=0)) for n in (2, 3))
    return book.data, arms, split_exam(book.data, "validation")


def made(parts: Any, gate: Gate | None = None, **asked: Any) -> module.ABPlan:
    return module.make_ab_plan(*parts, gate or Gate(), asked)


def test_it_is_filled_in_from_the_gate(parts: Any) -> None:
    found = made(parts)
    assert (found.a, found.b, found.metric, found.delta, found.alpha) == (2, 3, "accuracy", 0.02, 0.05)
    assert found.seeds == [1, 2, 3, 4, 5] and found.shift == 0
    alpha = spent(0.05, 3, (3, 5, 10))  # going on to ten seeds is paid for
    assert [(look.seeds, look.alpha) for look in found.looks] == [(3, alpha), (5, alpha)]
    assert (found.split, found.n, found.content) == ("validation", parts[0].rows["validation"], parts[0].content)
    assert found.a_plan == parts[1][0].plan(1).id != found.b_plan
    assert made(parts).id == found.id
    other = made(parts, Gate(metric="macro_f1", delta=0.05, delta_kind="relative", alpha=0.1, seeds=3, looks=[]))
    assert (other.metric, other.delta_kind, other.seeds) == ("macro_f1", "relative", [1, 2, 3])
    assert [(look.seeds, look.alpha) for look in other.looks] == [(3, 0.1)]


@pytest.mark.parametrize(
    "asked",
    [{"delta": 0.03}, {"delta_kind": "relative"}, {"alpha": 0.1}, {"metric": "mcc"}, {"seeds": 4}, {"looks": [4]},
     {"seeds": [9, 8, 7, 6, 5]}, {"guard": {"time": 0.2}}, {"guard": {"calibration": "off", "worst_class": 0.01}}],
)  # fmt: skip
def test_whatever_is_asked_for_makes_another_test(asked: dict[str, Any], parts: Any) -> None:
    assert made(parts, **asked).id != made(parts).id


def test_prices_decide_nothing(parts: Any) -> None:
    assert made(parts, prices=Prices(cpu_hour=2.0)).id == made(parts).id


def test_it_is_read_as_it_was_written(parts: Any, tmp_path: Path) -> None:
    found = made(parts, guard={"time": 0.2})
    again = read_json(module.ABPlan, write_json(found, tmp_path / "plan.json"))
    assert again == found and again.id == found.id


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"seeds": 1}, "ab.seeds"),
        ({"seeds": 2}, "ab.seeds"),
        ({"seeds": [1, 1]}, "ab.seeds"),
        ({"seeds": [1, -1]}, "ab.seeds"),
        ({"looks": [1]}, "ab.looks"),
        ({"looks": [2]}, "ab.looks"),
        ({"seeds": 9, "looks": [3, 4, 5]}, "ab.looks"),
        ({"delta": -0.1}, "ab.gate"),
        ({"alpha": 0.7}, "ab.gate"),
        ({"guard": {"beauty": 0.1}}, "ab.guard"),
        ({"guard": {"time": "much"}}, "ab.gate"),
        ({"metric": "ece"}, "plan.metric"),
        ({"challenges": ["nowhere.csv"]}, "ab.challenge"),
        ({"challenges": ["nowhere.csv=much"]}, "ab.challenge"),
    ],
)
def test_what_cannot_be_kept(asked: dict[str, Any], code: str, parts: Any) -> None:
    with pytest.raises(PlanError) as caught:
        made(parts, **asked)
    assert caught.value.code == code and caught.value.message


def test_a_gate_of_two_seeds_is_read_and_tests_nothing(parts: Any) -> None:
    """Older books may say so; what is asked for this once goes before it."""
    old = Gate(seeds=2, looks=[])
    with pytest.raises(PlanError, match=r"\[gate\] seeds = 2") as caught:
        made(parts, old)
    assert caught.value.code == "ab.seeds" and "book.toml" in caught.value.advice
    with pytest.raises(PlanError, match="after") as caught:
        made(parts, Gate(looks=[2, 5]))
    assert caught.value.fields["key"] == "[gate] looks"
    assert made(parts, old, seeds=3).seeds == [1, 2, 3]


def test_margins_that_few_rows_could_never_hold_are_not_set(parts: Any) -> None:
    guards = {guard.name: guard for guard in made(parts).guards}
    assert set(guards) == set(module.GUARDS)
    assert {name for name, guard in guards.items() if guard.margin is not None} == {"class"}
    sizes = class_sizes(parts[2], TASK, parts[0].labels)
    assert (guards["class"].classes, guards["class"].least) == (0, max(sizes) + 1), "all are reported only"
    asked = {guard.name: guard for guard in made(parts, guard={"worst_class": 0.1, "time": 0.5}).guards}
    assert (asked["class"].margin, asked["class"].classes, asked["time"].margin) == (0.1, 0, 0.5)
    assert asked["class"].least == watched(sizes, 5, 0.2)[1], "what was asked for is not widened"
    renamed = made(parts, Gate(guard={"worst_class": 0.1, "time": 0.5}))
    assert renamed.id == made(parts, guard={"class": 0.1, "time": 0.5}).id
    data, arms, _ = parts
    many = ab_book.exam(600)
    rich = {guard.name: guard for guard in module.make_ab_plan(data, arms, many, Gate(), {}).guards}
    assert (rich["class"].margin, rich["class"].classes, rich["calibration"].margin) == (0.05, 2, 0.02)
    assert rich["class"].least == min(class_sizes(many, TASK, data.labels))
    off = module.make_ab_plan(data, arms, many, Gate(guard={"calibration": "off"}), {})
    assert {guard.name: guard.margin for guard in off.guards}["calibration"] is None


def test_the_rule_by_which_it_ends_is_frozen_and_older_plans_keep_theirs(parts: Any) -> None:
    found = made(parts)
    assert (found.stop, found.futility) == ("held", 0.05)
    older = found.model_copy(update={"stop": "decided", "futility": 0.0})
    stored = json.loads(older.model_dump_json(exclude={"futility"}))
    again = module.ABPlan.model_validate(stored)
    assert again.id == older.id != found.id and again.futility == 0
    assert found.model_copy(update={"futility": 0.2}).id != found.id


def test_groups_are_part_of_the_plan_and_one_alone_is_refused(parts: Any) -> None:
    data, arms, exam = parts
    rows = np.arange(len(exam.rows))
    assert made(parts).groups == 0
    found = module.make_ab_plan(data, arms, replace(exam, groups=rows // 4), Gate(), {})
    assert found.groups == -(-len(rows) // 4) and found.id != made(parts).id
    with pytest.raises(DataError) as caught:
        module.make_ab_plan(data, arms, replace(exam, groups=0 * rows), Gate(), {})
    assert caught.value.code == "stats.few_groups"


def test_numbers_and_ordered_classes_have_fewer_guards(parts: Any) -> None:
    data, arms, exam = parts
    for problem, expected in (("regression", list(RATIOS)), ("ordinal", ["class", *RATIOS])):
        base = arms[0].base.model_copy(update={"labels": data.labels.model_copy(update={"problem": problem})})
        assert [guard.name for guard in module._guards({}, base, exam, 5)] == expected


def test_a_challenge_is_known_by_its_content(parts: Any, tmp_path: Path) -> None:
    file = tmp_path / "hard=1.csv"
    file.write_text("text,label\nx,good\ny,bad\n")
    one, two = (made(parts, challenges=[name]) for name in (file, f"{file}=0.05"))
    assert (one.challenges[0].margin, two.challenges[0].margin) == (0.02, 0.05)
    assert one.challenges[0].path == two.challenges[0].path == file.resolve()
    file.write_text("text,label\nx,bad\ny,bad\n")
    assert made(parts, challenges=[file]).id != one.id
