"""What a soup was made of: the runs whose weights were averaged, one after the other, and what each step was worth."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tunebook.core.nouns import Interval, Record

Method = Literal["greedy", "uniform"]
METHODS: tuple[Method, ...] = ("greedy", "uniform")


class Ingredient(Record):
    """A run that was offered.

    Attributes:
        score: of the run alone.
        mean: of the mean of this run and all that were taken before it.
        taken: it is in the soup.
    """

    run: str
    score: float
    mean: float
    taken: bool


class Recipe(Record):
    """How a soup came about. All scores are of the same validation rows, on which it was selected too.

    Attributes:
        metric: that the book is judged by; larger is better.
        rows: number of validation rows.
        ingredients: all runs that were offered, the best one first.
        score: of the soup.
        gain: the soup over the best run, with the ends of its 95 % interval over rows; the choice among several
            flatters it.
        ensemble: score of the mean probability of all that were offered.
        left: runs of the book that were not offered -> why.
    """

    method: Method
    metric: str
    rows: int
    ingredients: list[Ingredient]
    score: float
    gain: Interval
    ensemble: float
    left: dict[str, str] = Field(default_factory=dict)

    @property
    def best(self) -> Ingredient:
        """The best single run."""
        return self.ingredients[0]

    @property
    def taken(self) -> list[str]:
        """Runs in the soup, the best one first."""
        return [item.run for item in self.ingredients if item.taken]

    @property
    def better(self) -> bool:
        """Whether the soup is ahead of the best single run on the validation rows."""
        return self.score > self.best.score


__all__ = ["METHODS", "Ingredient", "Method", "Recipe"]
