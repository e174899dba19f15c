"""What a run owes to others: what it has kept of earlier tasks and of its base model, and the runs of a soup."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from tunebook.core.nouns import Interval, Record

Method = Literal["greedy", "uniform"]
METHODS: tuple[Method, ...] = ("greedy", "uniform")


class TaskRetention(Record):
    """What is left of one earlier task, on the test rows of its book.

    Attributes:
        run, book: the run that learned it, and its book.
        learned: score of that run's own model.
        best: highest score of any run from that one to the last before this.
        final: score of this run's model.
        lost: learned - final, on the same rows.
    """

    run: str
    book: str
    rows: int
    learned: Interval
    best: float
    final: Interval
    lost: Interval


class Retention(Record):
    """Scores of one metric over a chain of runs.

    Attributes:
        tasks: the earlier ones, the oldest first.
        own: this run's score on its own test rows.
        before: score there of the model that it continues from, before any training.
        chance: score there of the answer that is commonest; None where no baselines were measured.
    """

    run: str
    metric: str
    tasks: list[TaskRetention]
    own: Interval
    before: Interval
    chance: float | None = None

    @property
    def learned(self) -> float:
        """Mean score of each task right after it was learned, this run's included."""
        return _mean([*(task.learned.value for task in self.tasks), self.own.value])

    @property
    def final(self) -> float:
        """Mean score of this run's model over all tasks, its own included."""
        return _mean([*(task.final.value for task in self.tasks), self.own.value])

    @property
    def forgetting(self) -> Interval:
        """Mean over the earlier tasks of best - final (Chaudhry et al. 2018)."""
        shifts = [task.best - task.learned.value for task in self.tasks]
        return mean_interval([_shifted(task.lost, by) for task, by in zip(self.tasks, shifts, strict=True)])

    @property
    def backward(self) -> Interval:
        """Backward transfer: mean over the earlier tasks of final - learned (Lopez-Paz and Ranzato 2017)."""
        kept = mean_interval([task.lost for task in self.tasks])
        return Interval(value=-kept.value, low=-kept.high, high=-kept.low)

    @property
    def forward(self) -> Interval | None:
        """Forward transfer: before - chance; None without chance."""
        return None if self.chance is None else _shifted(self.before, -self.chance)

    def summary(self) -> dict[str, float | list[float] | None]:
        """The figures over all tasks, intervals as [value, low, high]."""
        spans = {"forgetting": self.forgetting, "backward_transfer": self.backward, "forward_transfer": self.forward}
        ends = {name: [span.value, span.low, span.high] if span else None for name, span in spans.items()}
        return {"learned": self.learned, "final": self.final, **ends}


class General(Record):
    """What a run's model, and its base model before training, are worth on rows that have nothing to do with its own:
    the test rows of another book.

    Attributes:
        book: its folder; content: of its rows.
        gain: tuned - base, on the same rows.
    """

    run: str
    book: str
    content: str
    rows: int
    metric: str
    base: Interval
    tuned: Interval
    gain: Interval


class Generals(Record):
    """All such that a run was measured on."""

    found: list[General] = Field(default_factory=list)


def mean_interval(parts: Sequence[Interval]) -> Interval:
    """The mean of estimates on different rows; their errors add up as those of independent ones do."""
    value = _mean([part.value for part in parts])
    down, up = (
        math.sqrt(sum((part.value - end) ** 2 for part, end in zip(parts, ends, strict=True))) / len(parts)
        for ends in ([part.low for part in parts], [part.high for part in parts])
    )
    return Interval(value=value, low=value - down, high=value + up)


def _shifted(span: Interval, by: float) -> Interval:
    return Interval(value=span.value + by, low=span.low + by, high=span.high + by)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


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


__all__ = [
    "METHODS",
    "General",
    "Generals",
    "Ingredient",
    "Method",
    "Recipe",
    "Retention",
    "TaskRetention",
    "mean_interval",
]
