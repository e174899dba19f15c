"""What a way to explain an answer is, and which there are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from tunebook.core.errors import DataError
from tunebook.core.plugins import found_in
from tunebook.explain.attention import Attention
from tunebook.explain.line import Line
from tunebook.explain.units import Floats, Units

DEFAULT = "integrated_gradients"


@dataclass(frozen=True)
class Found:
    """What a method says of a line.

    Attributes:
        values: how much each unit speaks for what is said, shape (U,); below 0: against it.
        delta: of a method that shares out a difference of two scores, what the shares are off by; None for others.
        steps: how many points of a path it looked at; 0 for others.
        attention: of a method that looks at it.
    """

    values: Floats
    delta: float | None = None
    steps: int = 0
    attention: Attention | None = None


class Method(ABC):
    """A way to explain an answer.

    Class attributes:
        key: its name, which is that of its module.
        signed: whether values below 0 say something.
    """

    key: ClassVar[str]
    signed: ClassVar[bool] = True

    @abstractmethod
    def explain(self, line: Line, units: Units) -> Found:
        """The value of each unit.

        Raises:
            RunError: the model has not what the method needs.
        """


@cache
def methods() -> dict[str, Method]:
    """Key -> method, from `tunebook/explain/methods/` and the entry points `tunebook.explain.methods`."""
    return {item.key: item() for item in found_in("tunebook.explain.methods", Method)}


def method_of(key: str) -> Method:
    """One of them. Raises a DataError, `explain.method`, where there is none of this name."""
    if key not in methods():
        raise DataError("explain.method", key="--method", value=key, allowed=" | ".join(sorted(methods())))
    return methods()[key]


__all__ = ["DEFAULT", "Found", "Method", "method_of", "methods"]
