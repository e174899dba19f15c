"""Any number of classes a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tunebook.core.kind import Kind, Link


class MultiLabel(Kind):
    """The kind `multi_label`."""

    key: ClassVar[str] = "multi_label"
    link: ClassVar[Link] = "sigmoid"

    def outputs(self, names: Sequence[str]) -> int:
        """One a class."""
        return len(names)


__all__ = ["MultiLabel"]
