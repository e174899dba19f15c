"""A test of two taggers: what is told of texts and of types comes from the task alone."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.tasks.tagging import made
from tunebook.core.answers import Rows, stacked
from tunebook.core.nouns import Labels
from tunebook.tasks.tagging import Tagging
from tunebook.verbs.abtest.ab_plan import Guard
from tunebook.verbs.abtest.classes import class_rows, class_sizes
from tunebook.verbs.abtest.guardrails import check_guards
from tunebook.verbs.abtest.looks import gain
from tunebook.verbs.abtest.pairs import described, flip_counts
from tunebook.verbs.abtest.scored import ArmScores, Exam

LABELS = Labels(problem="spans", names=["LOC", "PER"])
TRUE = [[(0, 2, 0), (4, 6, 0)], [(1, 3, 1)], [], [(0, 5, 0), (6, 7, 1)]] * 5


def exam() -> Exam:
    rows = Rows(["x" * 20] * len(TRUE), None, made.targets(TRUE), [str(number) for number in range(len(TRUE))])
    return Exam("validation", "validation", rows, "k")


def arm_scores(*runs: Any) -> ArmScores:
    """Of runs that find the spans which a function lets through; None for one without a model."""
    answered = [
        None if kept is None else made.answers([[span for span in row if kept(n, span)] for n, row in enumerate(TRUE)])
        for kept in runs
    ]
    return ArmScores(Tagging(), LABELS, exam(), stacked(answered, (len(TRUE), 5)))


def of_type(label: int, number: int, span: Any) -> bool:
    return bool(span[2] == label)


def odd(number: int, span: Any) -> bool:
    return bool(span[2] == 0 or number % 2)


FEW = (partial(of_type, 0), partial(of_type, 0), odd)
ALL = (lambda *_: True, odd, odd)


def test_types_are_found_span_by_span() -> None:
    found = class_rows((arm_scores(*FEW), arm_scores(*ALL)))
    assert class_sizes(exam(), Tagging(), LABELS) == [10, 10] and list(found) == ["LOC", "PER"]
    assert found["LOC"].of_a.shape == (3, 15) and found["LOC"].of_a.all() and found["LOC"].units == 10
    assert found["PER"].of_a.mean(1).tolist() == [0, 0, 1.0] and found["PER"].of_b.all() and found["PER"].groups is None


def test_guards_flips_and_figures_need_nothing_but_the_task() -> None:
    a, b = arm_scores(*FEW), arm_scores(*ALL)
    plan: Any = type("Plan", (), {"guards": [Guard(name="class", margin=0.05)], "seeds": [1, 2, 3]})
    guards = {guard.name: guard for guard in check_guards(plan, [], (a, b), 0.05)}
    assert set(guards) == {"class:LOC", "class:PER"} and guards["class:LOC"].rows == 15
    assert guards["class:PER"].gain == pytest.approx(2 / 3) and not guards["class:LOC"].gain
    assert flip_counts(a, b, "span_f1") == {"won": 20, "lost": 0}, "texts that became right, over all seeds"
    told = described(a, b, "span_f1", 0.05)
    assert set(told["metrics"]) == set(Tagging().judges(LABELS)) and "ece" not in told["metrics"]
    assert told["metrics"]["whole_rows"] == pytest.approx([1 - 2 / 6, 1.0]) and "mcnemar" in told
    assert told["same"] == [False, False, True], "though answers of one side are wider"
    effect = gain(a, b, "span_f1", 0.05)
    assert effect.mean == pytest.approx(np.mean(b.scores("span_f1") - a.scores("span_f1"))) and effect.rows == 20


def test_a_tagger_that_finds_nothing_anywhere_has_collapsed_and_one_without_a_model_finds_nothing() -> None:
    side = arm_scores(lambda *_: False, ALL[0], None)
    assert side.collapsed == [True, False, False]
    assert side.scores("span_recall").tolist() == [0, 1, 0] and side.scores("whole_rows").tolist() == [0.25, 1, 0]
