"""One of several classes that have an order, learnt as the numbers 0 ... K-1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tunebook.core.kind import Kind, Link


class Ordinal(Kind):
    """The kind `ordinal`."""

    key: ClassVar[str] = "ordinal"
    link: ClassVar[Link] = "identity"

    def outputs(self, names: Sequence[str]) -> int:
        """The number."""
        return 1


__all__ = ["Ordinal"]
