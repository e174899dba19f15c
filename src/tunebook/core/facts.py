"""What is known of a training before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import PlanError
from tunebook.core.kind import Kind, kinds
from tunebook.core.messages import has_words, say
from tunebook.core.settings import Filled

if TYPE_CHECKING:
    from tunebook.core.nouns import Labels


@dataclass(frozen=True)
class Facts:
    """A training as it is planned, for a technique that may refuse it.

    Attributes:
        task: key of the task; labels: what the head predicts.
        settings: the training settings, filled in.
        config: config.json of the base model.
        techniques: keys of all techniques that are on.
        rows: number of training rows.
        continues: name of the run that this one continues from; empty for none.
        kept: keys of the techniques that have left something in that run.
        annotators: columns with the labels of single annotators.
    """

    task: str
    labels: Labels
    settings: Filled
    config: Mapping[str, Any]
    techniques: frozenset[str]
    rows: int
    continues: str = ""
    kept: frozenset[str] = frozenset()
    annotators: tuple[str, ...] = ()

    def fit(self, key: str, fits: Callable[[Kind], bool]) -> None:
        """Refuse labels of a kind that does not fit the technique of this key.

        Raises:
            PlanError: `losses.problem`.
        """
        if not fits(self.labels.kind):
            known = [kind.key for kind in kinds().values() if self.task in kind.tasks and fits(kind)]
            raise PlanError("losses.problem", key=key, value=self.labels.problem, allowed=" | ".join(known))


def in_words(gives: Iterable[str]) -> list[str]:
    """What a task gives, or a technique needs, in the user's language; what a package brought keeps its name."""
    return [say(code) if has_words(code := f"plan.give.{name}") else name for name in sorted(gives)]


def not_given(key: str, missing: Iterable[str], task: str) -> PlanError:
    """The error of a technique, or a row of it, that needs what a task does not give, in the words of `Task.gives`."""
    names, words = ", ".join(sorted(missing)), ", ".join(in_words(missing))
    return PlanError("plan.needs", key=key, value=names, task=task, words=words)


__all__ = ["Facts", "in_words", "not_given"]
