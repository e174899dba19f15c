"""What a kind of target is: one label a row, several, a number, ordered classes, the tokens of a text, marked places.

A kind is one file of `tunebook/data/kinds/`, named after its key. What hangs on the kind of target asks the kind, or
its link, and never compares names, so that a kind that comes later is its own file and nothing else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from typing import ClassVar, Literal

from tunebook.core.errors import PlanError
from tunebook.core.plugins import found_in, one_in

# How the outputs of an item become a distribution: one of several classes, each class or not, or no distribution but a
# number (McCullagh & Nelder, Generalized Linear Models, 1989).
Link = Literal["softmax", "sigmoid", "identity"]
# Which classes a row has: one, whose number is its target; one of an order, learnt as a number; any of them, its target
# 0 or 1 of each; or none of its own, because it has a number, or because what has classes lies inside of it.
Classes = Literal["one", "ordered", "several", "none"]


class Kind(ABC):
    """One kind of target.

    Class attributes:
        key: its name in `Labels.problem`, in plans and on the command line.
        link: how the outputs of one item are read.
        tasks: keys of the tasks that learn such targets; the first is that of rows whose task nobody told.
        in_column: whether targets stand in a column of the rows, and not in the texts themselves.
        classes: which classes a row has.
    """

    key: ClassVar[str]
    link: ClassVar[Link]
    tasks: ClassVar[tuple[str, ...]]
    in_column: ClassVar[bool]
    classes: ClassVar[Classes] = "none"

    @abstractmethod
    def outputs(self, names: Sequence[str]) -> int:
        """Number of outputs of a head for targets of these names."""


@cache
def kinds() -> dict[str, Kind]:
    """Key -> kind of target, from `tunebook/data/kinds/` and the entry points `tunebook.data.kinds`."""
    return {item.key: item() for item in found_in("tunebook.data.kinds", Kind)}


@cache
def kind_of(key: str) -> Kind:
    """One kind of target: of those that are modules of `tunebook/data/kinds/` only its own is imported.

    Raises:
        PlanError: `labels.kind`: there is no such kind.
    """
    found: type[Kind] | None = one_in("tunebook.data.kinds", key, Kind)
    if found is not None:
        return found()
    if key not in kinds():
        raise PlanError("labels.kind", key="problem", value=key, allowed=" | ".join(sorted(kinds())))
    return kinds()[key]


__all__ = ["Classes", "Kind", "Link", "kind_of", "kinds"]
