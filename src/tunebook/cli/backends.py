"""Which backend answered, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunebook.core.messages import say

if TYPE_CHECKING:
    from tunebook.backends.choice import Chosen


def told_of(chosen: Chosen) -> str:
    """By what rows were answered, and why."""
    code = chosen.backend if chosen.why == "measured" else chosen.why
    difference = f"{chosen.difference or 0:.1g}"
    return say(f"backend.by_{code}", **{**chosen.model_dump(), "difference": difference})


__all__ = ["told_of"]
