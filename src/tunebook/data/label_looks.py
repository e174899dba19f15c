"""Label cells that say no label, or what a spreadsheet made of one: marks of absence, errors of formulas, dates."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from tunebook.data.label_form import number_of

# What says that there is no label. "none" is no such word: many sets have a class of that name.
EMPTY = ("", "nan", "null", "#n/a")
_ABSENT = frozenset({"na", "n/a", "n.a.", "<na>", "nat", "#na"})
_DASHES = re.compile(r"-+|[–—?.]")  # also the line below the heading of a Markdown table
_ERROR = re.compile(r"#(?:REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|UNKNOWN!)|Err:\d{3}", re.I)
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*"
_DATE = re.compile(
    rf"\d{{4}}-\d\d-\d\d(?:[T ]00:00:00(?:\.0+)?)?|\d{{1,2}}-{_MONTH}(?:-\d{{2,4}})?|{_MONTH}-\d{{2,4}}"
    r"|\d{1,2}月\d{1,2}日",
    re.I,
)


def is_sheet_error(label: str) -> bool:
    """Whether a formula of a spreadsheet failed there: `#REF!`, `Err:502`."""
    return _ERROR.fullmatch(label) is not None


def is_absent(label: str) -> bool:
    """Whether a label is NA or the like, whatever stands beside it."""
    return label.lower() in _ABSENT


def looks_like_date(label: str) -> bool:
    """Whether a spreadsheet may have made a date of the label: `2025-01-02 00:00:00`, `2-Jan`."""
    return _DATE.fullmatch(label) is not None


def absent_marks(labels: Mapping[str, int], told: Sequence[str] | None, coded: bool = False) -> list[str]:
    """Labels that say that a row was not labelled.

    `NA` and the like always do, dashes do beside classes of letters or digits (not beside a plus), and -1 does beside
    names, or beside the numbers 0, 1, 2 ...: with 0 and 1 alone it may be a class. None does where fewer than two
    labels were left without it.

    Args:
        labels: label as written -> rows.
        told: the only ones that do, where the user said so.
        coded: the numbers are codes of named classes, for which -1 means none.
    """
    if told is not None:
        return [label for label in labels if label in told]
    found = list(filter(is_absent, labels))
    rest = [label for label in labels if label not in found and not is_sheet_error(label)]
    dashes = [label for label in rest if _DASHES.fullmatch(label)]
    if all(any(map(str.isalnum, label)) for label in rest if label not in dashes):
        found += dashes
        rest = [label for label in rest if label not in dashes]
    codes = {label for label in rest if number_of(label) == -1 and label.startswith(("-", "\u2212"))}
    if codes and (coded or _beside_names(set(rest) - codes)):
        found += sorted(codes)
    return found if len(labels) - len(found) >= 2 else []


def _beside_names(others: Collection[str]) -> bool:
    numbers = [number_of(label) for label in others]
    whole = {int(number) for number in numbers if number is not None and number.is_integer()}
    counted = len(whole) == len(numbers) and len(whole) > 2 and whole == set(range(len(whole)))
    return counted or not any(number is not None for number in numbers)


__all__ = ["EMPTY", "absent_marks", "is_absent", "is_sheet_error", "looks_like_date"]
