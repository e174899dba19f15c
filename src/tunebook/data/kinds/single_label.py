"""One class a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tunebook.core.kind import Kind, Link


class SingleLabel(Kind):
    """The kind `single_label`."""

    key: ClassVar[str] = "single_label"
    link: ClassVar[Link] = "softmax"

    def outputs(self, names: Sequence[str]) -> int:
        """One a class."""
        return len(names)


__all__ = ["SingleLabel"]
