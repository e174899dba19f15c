"""Kinds of labels, and the one place that says that a kind is not known.

What hangs on the kind of labels names every kind that it handles, so that a kind that comes later is an error there and
not silently treated as another.
"""

from __future__ import annotations

from collections.abc import Collection

from tunebook.core.errors import PlanError

CLASSES = ("single_label", "multi_label")  # an output for each class
NUMBERS = ("regression", "ordinal")  # one output, a number
TOKENS = ("language_model",)  # the tokens of the texts themselves
KINDS = (*CLASSES, *NUMBERS, *TOKENS, "tags", "spans")


def either(problem: str, these: Collection[str], those: Collection[str]) -> bool:
    """Whether labels are of one of these kinds (True) or of one of those (False).

    Raises:
        PlanError: `labels.kind`: of neither.
    """
    if problem in these:
        return True
    if problem in those:
        return False
    raise unknown_kind(problem, *these, *those)


def unknown_kind(problem: str, *known: str) -> PlanError:
    """The error of a kind of labels that is not among those that are handled."""
    return PlanError("labels.kind", key="problem", value=problem, allowed=" | ".join(known or KINDS))


__all__ = ["CLASSES", "KINDS", "NUMBERS", "TOKENS", "either", "unknown_kind"]
