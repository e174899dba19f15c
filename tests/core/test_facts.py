"""What a technique may refuse by: tests/verbs/test_plan.py shows what a plan puts in."""

from __future__ import annotations

from tunebook.core.facts import Facts
from tunebook.core.nouns import Labels


def test_a_training_that_continues_nothing_has_nothing_left_from_before() -> None:
    facts = Facts("text_classification", Labels(problem="single_label"), {}, {}, frozenset(), 9)
    assert (facts.continues, facts.kept, facts.annotators) == ("", frozenset(), ())
