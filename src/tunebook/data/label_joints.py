"""Cells that are several labels joined by a separator, told from names that happen to hold one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

_SEPARATORS = (",", "|", ";", "#", "\n", "\t", "、", "，", "；", " ")
# These stand in names too: joins of classes by them are shown, and taken only where they were told.
_OTHERS = (*_SEPARATORS, "/", "+", "&")
_LEAST = 0.005  # share of the rows below which joined cells are a slip of the pen
_AGAIN = 0.95


@dataclass(frozen=True)
class Joints:
    """Classes that are joins of others.

    Attributes:
        sure: there are so many of them that they must be sets: at least two for each class that they are made of.
    """

    separator: str
    joined: list[str]
    sure: bool


def find_separator(counts: Mapping[str, int]) -> str | None:
    """What separates the labels of cells, where nearly all that it parts come again in other rows."""
    return next((separator for separator in _SEPARATORS if _separates(counts, separator)), None)


def find_joints(counts: Mapping[str, int]) -> Joints | None:
    """Cells all of whose parts are classes of their own elsewhere, by the separator that has most of them."""
    found = [_joints(counts, separator) for separator in _OTHERS]
    best = max(found, key=lambda joints: len(joints.joined))
    return best if best.joined else None


def _joints(counts: Mapping[str, int], separator: str) -> Joints:
    cells = {label: _parts(label, separator) for label in counts if separator in label}
    joined = {
        label: parts for label, parts in cells.items() if len(parts) > 1 and all(part in counts for part in parts)
    }
    parts = {part for found in joined.values() for part in found}
    return Joints(separator, list(joined), len(joined) >= 2 * max(len(parts), 2))


def _separates(counts: Mapping[str, int], separator: str) -> bool:
    """Whether cells are made of parts that come again, as labels do and words of a name do not.

    Spaces separate only numbers (`3 17`): names of classes may be of several words. After a comma with a space, as
    prose has it, each part must stand in another cell too; else it may come again in rows of the same cell, where
    another part of that cell stands in other cells.
    """
    if not any(separator in label for label in counts):
        return False
    cells = {label: _parts(label, separator) for label in counts}
    joined = {label: parts for label, parts in cells.items() if len(parts) > 1}
    homes = Counter(part for parts in cells.values() for part in parts)
    if sum(counts[label] for label in joined) < _LEAST * sum(counts.values()) or not joined:
        return False
    if separator == " " and not all(part.isdigit() for part in homes):
        return False
    prose = separator == "," and any(", " in label for label in joined)
    again = total = 0
    for label, parts in joined.items():
        others = sum(1 for part in parts if homes[part] > 1)
        total += len(parts)
        again += len(parts) if others and counts[label] > 1 and not prose else others
    return again >= _AGAIN * total and len(homes) <= len(counts)


def _parts(label: str, separator: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in label.split(separator) if part.strip()))


__all__ = ["Joints", "find_joints", "find_separator"]
