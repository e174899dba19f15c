"""The record of a soup."""

from __future__ import annotations

from tunebook.core.lineage import METHODS, Ingredient, Recipe
from tunebook.core.nouns import Interval


def recipe(score: float) -> Recipe:
    steps = [("a", 0.8, 0.8, True), ("b", 0.7, 0.6, False), ("c", 0.6, score, True)]
    return Recipe(
        method="greedy",
        metric="accuracy",
        rows=10,
        ingredients=[Ingredient(run=run, score=one, mean=mean, taken=taken) for run, one, mean, taken in steps],
        score=score,
        gain=Interval(value=score - 0.8, low=-0.1, high=0.2),
        ensemble=0.9,
    )


def test_what_was_taken_and_whether_it_was_worth_it() -> None:
    assert METHODS == ("greedy", "uniform")
    found = recipe(0.9)
    assert found.best.run == "a" and found.taken == ["a", "c"] and found.better
    assert not recipe(0.8).better, "as good is not better"
    assert Recipe.model_validate_json(found.model_dump_json()) == found
