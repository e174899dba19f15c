"""The tokens of the texts themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tunebook.core.kind import Kind, Link


class LanguageModel(Kind):
    """The kind `language_model`."""

    key: ClassVar[str] = "language_model"
    link: ClassVar[Link] = "softmax"
    tasks: ClassVar[tuple[str, ...]] = ("masked_lm", "causal_lm")
    in_column: ClassVar[bool] = False

    def outputs(self, names: Sequence[str]) -> int:
        """One number a row: the model keeps its own head, whose outputs are its vocabulary."""
        return 1


__all__ = ["LanguageModel"]
