"""Names of classes, one spelling for each, in an order that never changes; and cells that are none: marks of absence,
errors of formulas, dates that a spreadsheet made."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef
from tunebook.data.cleaning import clean_name
from tunebook.data.label_cells import number_of
from tunebook.data.options import DataOptions

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
_MANY = 20  # classes of which each is to have two rows
_WORDS = 3  # that make a name a text


def tidy_names(counts: Mapping[str, int], merge: bool) -> dict[str, str]:
    """Label as written -> its one spelling.

    Spaces are folded, characters that cannot be seen removed, whole numbers written alike (`1.0` is `1`), and labels
    that differ only by case take the spelling of most rows.

    Raises:
        DataError: `data.label_case`, labels differ only by case or spaces and `merge` is False.
    """
    plain = {label: _canonical(label) for label in counts}
    groups: dict[str, list[str]] = {}
    for label, text in plain.items():
        groups.setdefault(text.casefold(), []).append(label)
    names: dict[str, str] = {}
    for group in groups.values():
        if len(group) > 1 and not merge:
            raise DataError("data.label_case", key="merge_label_case", value=group)
        best = min(group, key=lambda label: (-counts[label], plain[label], label))
        names |= dict.fromkeys(group, plain[best])
    return names


def _canonical(label: str) -> str:
    text = clean_name(label)
    number = number_of(text)
    whole = number is not None and number.is_integer() and re.fullmatch(r"[-+]?\d+\.0*", text)
    return str(int(number)) if whole and number is not None else text


def in_order(names: Iterable[str]) -> list[str]:
    """Distinct names: by value where all are numbers, else by their characters."""
    distinct = set(names)
    values = {name: number_of(name) for name in distinct}
    if all(value is not None for value in values.values()):
        return sorted(distinct, key=lambda name: (values[name] or 0.0, name))
    return sorted(distinct)


def given_names(names: Iterable[str], given: dict[str, str] | list[str]) -> dict[str, str]:
    """Label as written -> the name that the user gave it, by label or by class number.

    Raises:
        DataError: `data.label_names`, a label has none.
    """
    table = dict(given) if isinstance(given, dict) else {str(place): name for place, name in enumerate(given)}
    labels = list(names)
    known = set(table) | set(table.values())
    missing = in_order(label for label in labels if label not in known)
    if missing:
        raise DataError("data.label_names", key="label_names", value=missing[:5], given=", ".join(list(table)[:30]))
    return {label: table.get(label, label) for label in labels}


def known_name(written: str, data: DataRef) -> str:
    """A label that stands elsewhere, as the book calls it; one that the book does not know comes back tidy."""
    label = written.strip()
    given = (data.stats.get("preset") or {}).get("label_names") or {}
    named = given if isinstance(given, dict) else {str(place): name for place, name in enumerate(given)}
    merged = (data.stats.get("merged_labels") or {}).get(label)
    tidy = str(merged if merged is not None else _canonical(label))
    known = [*data.labels.names, *named]
    if tidy not in known:
        tidy = {name.casefold(): name for name in known}.get(tidy.casefold(), tidy)
    return str(named.get(tidy, tidy))


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


def check_names(names: Sequence[str], rows: int, options: DataOptions, *, counted: bool) -> None:
    """Refuse names that cannot be those of classes.

    Args:
        rows: how many bear one; counted: whether numbers with a fraction cannot be classes of this kind.

    Raises:
        DataError: `data.one_class`; `data.classes_limit`; of names that hardly come again `data.classes_texts`,
            `data.label_amounts` or `data.classes_many`; `data.label_floats`.
    """
    if len(names) < 2:
        raise DataError("data.one_class", key="label", value=names[0] if names else None)
    numeric = [number_of(name) for name in names]
    alone = len(names) > _MANY and rows < 2 * len(names)
    if len(names) > options.max_classes or alone:
        floats = any(number is not None and not number.is_integer() for number in numeric)
        code = "data.classes_limit"
        if alone:
            code = "data.classes_texts" if _are_texts(names) else "data.classes_many"
            code = code if None in numeric else "data.label_amounts"
        code = "data.label_floats" if floats and counted else code
        raise DataError(code, key="label", value=names[:3], classes=len(names), rows=rows, limit=options.max_classes)


def _are_texts(names: Sequence[str]) -> bool:
    """Whether most of these are several words, or as many characters of a script that writes none apart."""
    several = sum(len(name.split()) >= _WORDS or sum(map(_wide, name)) >= 2 * _WORDS for name in names)
    return 2 * several > len(names)


def _wide(character: str) -> bool:
    return "\u3040" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7a3"


def _beside_names(others: Collection[str]) -> bool:
    numbers = [number_of(label) for label in others]
    whole = {int(number) for number in numbers if number is not None and number.is_integer()}
    counted = len(whole) == len(numbers) and len(whole) > 2 and whole == set(range(len(whole)))
    return counted or not any(number is not None for number in numbers)


__all__ = [
    "EMPTY", "absent_marks", "check_names", "given_names", "in_order", "is_absent", "is_sheet_error", "known_name",
    "looks_like_date", "tidy_names",
]  # fmt: skip
