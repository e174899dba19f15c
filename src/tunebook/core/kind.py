"""What a kind of target is: one label a row, several, a number, ordered classes, the tokens of a text, marked places.

A kind is one file of `tunebook/data/kinds/`, named after its key. What hangs on the kind of target asks the kind, or
its link, and never compares names, so that a kind that comes later is its own file and nothing else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

# How the outputs of an item become a distribution: one of several classes, each class or not, or no distribution but a
# number (McCullagh & Nelder, Generalized Linear Models, 1989).
Link = Literal["softmax", "sigmoid", "identity"]


class Kind(ABC):
    """One kind of target.

    Class attributes:
        key: its name in `Labels.problem`, in plans and on the command line.
        link: how the outputs of one item are read.
    """

    key: ClassVar[str]
    link: ClassVar[Link]

    @abstractmethod
    def outputs(self, names: Sequence[str]) -> int:
        """Number of outputs of a head for targets of these names."""


__all__ = ["Kind", "Link"]
