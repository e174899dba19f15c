"""What a technique may refuse by: tests/verbs/steps/test_plan.py shows what a plan puts in."""

from __future__ import annotations

import pytest

from tunebook.core.errors import PlanError
from tunebook.core.facts import Facts, in_words, not_given
from tunebook.core.nouns import Labels
from tunebook.core.registry import tasks, techniques


def test_a_training_that_continues_nothing_has_nothing_left_from_before() -> None:
    facts = Facts("text_classification", Labels(problem="single_label"), {}, {}, frozenset(), 9)
    assert (facts.continues, facts.kept, facts.annotators) == ("", frozenset(), ())


def test_a_technique_that_does_not_fit_the_labels_is_refused_with_the_kinds_that_it_fits() -> None:
    facts = Facts("text_classification", Labels(problem="ordinal", names=["a", "b"]), {}, {}, frozenset(), 9)
    facts.fit("ordinal_loss", lambda kind: kind.classes == "ordered")
    with pytest.raises(PlanError) as caught:
        facts.fit("asymmetric", lambda kind: kind.link == "sigmoid")
    assert (caught.value.code, caught.value.key, caught.value.value) == ("losses.problem", "asymmetric", "ordinal")
    assert caught.value.allowed == "multi_label"


def test_all_that_tasks_give_and_techniques_need_has_words() -> None:
    needed = frozenset().union(*(technique.needs for technique in techniques().values()))
    given = frozenset().union(*(task.gives for task in tasks().values()))
    assert needed - {"past"} <= given
    assert not needed & set(in_words(needed)), "a name of the code is no word for users"
    error = not_given("greedy", {"moon", "layers"}, "tagging")
    assert error.value == "layers, moon" and error.message.endswith("layers one upon the other, moon.")
