"""A number a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tunebook.core.kind import Kind, Link


class Regression(Kind):
    """The kind `regression`."""

    key: ClassVar[str] = "regression"
    link: ClassVar[Link] = "identity"

    def outputs(self, names: Sequence[str]) -> int:
        """The number."""
        return 1


__all__ = ["Regression"]
