"""What kind of labels a column holds: one class a row, several, or numbers. Never guesses that classes are ordered."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping

from tunebook.core.nouns import Problem

_SEPARATORS = (",", "|", ";", "、", "，", "；", " ")
# So many different numbers with a fraction are a measure, not names of classes.
_MEASURE = 10


def find_kind(counts: Mapping[str, int]) -> tuple[Problem, str | None]:
    """The problem, and for several labels a row what separates them (None when cells are JSON lists).

    Args:
        counts: label as written -> number of rows.
    """
    numbers = [number_of(label) for label in counts]
    if all(number is not None for number in numbers):
        fractions = sum(1 for number in numbers if number is not None and not number.is_integer())
        return ("regression" if fractions and len(counts) >= _MEASURE else "single_label"), None
    if all(as_list(label) is not None for label in counts):
        return "multi_label", None
    for separator in _SEPARATORS:
        if _separates(counts, separator):
            return "multi_label", separator
    return "single_label", None


def number_of(label: str) -> float | None:
    """The finite number that a label writes, else None."""
    try:
        number = float(label)
    except ValueError:
        return None
    return number if number - number == 0 and "_" not in label else None


def as_list(label: str) -> list[str] | None:
    """The labels of a JSON list (or of a Python one, with single quotes), else None."""
    if not (label.startswith("[") and label.endswith("]")):
        return None
    for text in (label, label.replace("'", '"')):
        try:
            parts = json.loads(text)
        except ValueError:
            continue
        return [str(part) for part in parts]
    return None


def split_label(label: str, separator: str | None) -> list[str]:
    """The labels of one cell: distinct, without spaces around them, in the order written."""
    parts = as_list(label) or [] if separator is None else label.split(separator)
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _separates(counts: Mapping[str, int], separator: str) -> bool:
    """Whether cells are made of parts that come again elsewhere, as labels do and words of a name do not.

    Spaces separate only numbers (`3 17`): names of classes may be of several words.
    """
    if not any(separator in label for label in counts):
        return False
    cells = {label: split_label(label, separator) for label in counts}
    joined = {label: parts for label, parts in cells.items() if len(parts) > 1}
    rows, all_rows = sum(counts[label] for label in joined), sum(counts.values())
    if rows * 200 < all_rows or not joined:
        return False
    homes = Counter(part for parts in cells.values() for part in parts)
    if separator == " " and not all(part.isdigit() for part in homes):
        return False
    parts_in_joined = [part for parts in joined.values() for part in parts]
    again = sum(1 for part in parts_in_joined if homes[part] >= 2)
    return again >= 0.95 * len(parts_in_joined) and len(homes) <= len(counts)


__all__ = ["as_list", "find_kind", "number_of", "split_label"]
