"""What kind of labels a column holds: one class a row, several, or numbers. Never guesses that classes are ordered.

A kind is taken only where all cells fit it. Where two kinds are as near, or cells cannot be read, the column is refused
with examples, their counts, and what to say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tunebook.core.errors import DataError, shortened
from tunebook.core.messages import say
from tunebook.data.label_cells import Cell, Form, bits_of, number_of, numbers_of, read_cell, read_object
from tunebook.data.options import DataOptions

Counts = Mapping[str, int]
# So many different numbers with a fraction are a measure, not names of classes.
_MEASURE = 10
_VECTORS = (" ", ",", ";", "|")
_SHOWN = 3
_THOUSANDS = re.compile(r"[-+\u2212]?[1-9]\d{0,2},\d{3}")
_SEPARATORS = (",", "|", ";", "#", "\n", "\t", "、", "，", "；", " ")
# These stand in names too: joins of classes by them are shown, and taken only where they were told.
_OTHERS = (*_SEPARATORS, "/", "+", "&")
_LEAST = 0.005  # share of the rows below which joined cells are a slip of the pen
_AGAIN = 0.95


def find_form(counts: Counts, options: DataOptions) -> Form:
    """How the cells are written, and what kind of labels they hold.

    Args:
        counts: label as written -> number of rows.

    Raises:
        DataError: `data.label_unread` (what begins with a bracket and cannot be read), `data.label_objects`,
            `data.label_spans`, `data.label_thousands`, `data.label_several` (one a row was told), or
            `data.label_mixed`: two kinds are as near.
    """
    cells = {label: read_cell(label) for label in counts}
    if options.problem == "regression":
        return Form("regression", decimal=_decimal(_words(cells, counts), options))
    if options.problem == "single_label":
        vectors = _vectors(cells, options)
        if vectors and _one_each(counts, vectors[0]):
            return Form("single_label", *vectors)
        _refuse_several(cells, counts, options.label or "label")
        return Form("single_label")
    measure = _measure_beside_unread(cells, counts, options)
    if measure is not None:
        return measure
    _refuse_unreadable(cells, counts, options.label or "label")
    vectors = _vectors(cells, options)
    if vectors:
        one = options.problem is None and _one_each(counts, vectors[0])
        return Form("single_label" if one else "multi_label", *vectors)
    if options.label_separator is not None:
        return Form("multi_label", options.label_separator)
    words = _words(cells, counts)
    separator = find_separator(words)
    if options.problem == "multi_label":
        return Form("multi_label", separator or ("," if all(c.shape == "word" for c in cells.values()) else None))
    most = max(len(cell.parts) for cell in cells.values())
    if most > 1:
        return Form("multi_label", separator)
    return _of_words(words, separator, cells, counts, options)


def _of_words(
    words: Counts, separator: str | None, cells: Mapping[str, Cell], counts: Counts, options: DataOptions
) -> Form:
    """The kind of cells that hold one word, or a list of at most one, each."""
    listed = [label for label, cell in cells.items() if not cell.parts]
    if listed and all(cells[label].shape == "weights" for label in listed):
        return Form("multi_label")  # a row whose every class has a 0 bears none
    if len(listed) == len(cells) and options.problem is None:
        raise DataError("data.labels_empty", key=options.label or "label")
    decimal, kind = _numbers(words, separator, options)
    if listed and kind is None and separator is None:
        few = {label: rows for label, rows in counts.items() if label not in listed}
        raise _mixed([("multi_label", "empty", _only(counts, listed)), ("single_label", "one", few)])
    if kind is not None:
        return Form(kind, decimal=decimal)
    if separator is None:
        joints = find_joints(words)
        if joints is not None and joints.sure:
            named = _only(words, joints.joined)
            raise _mixed([("several", "joined", named), ("single_label", "all", words)], joints.separator)
    return Form("multi_label" if separator else "single_label", separator)


def _measure_beside_unread(cells: Mapping[str, Cell], counts: Counts, options: DataOptions) -> Form | None:
    """The form of numbers of which a few cells are none, such as `(0-10)` below a heading; None for all others."""
    if options.problem is not None or options.label_separator is not None:
        return None
    if {cell.shape for cell in cells.values()} != {"word", "broken"}:
        return None
    decimal, kind = _numbers(counts, None, options)
    return Form("regression", decimal=decimal) if kind == "regression" else None


def _refuse_unreadable(cells: Mapping[str, Cell], counts: Counts, column: str) -> None:
    """Refuse objects that say no classes, lists of lists, and what begins with a bracket and cannot be read."""
    weights = all(cell.shape == "weights" and not cell.soft for cell in cells.values())
    objects = ("object",) if weights else ("object", "weights")
    for shapes, code in (
        (("spans",), "data.label_spans"),
        (objects, "data.label_objects"),
        (("broken",), "data.label_unread"),
    ):
        wrong = _only(counts, [label for label, cell in cells.items() if cell.shape in shapes])
        if wrong:
            first, rows = next(iter(wrong)), total(wrong)
            raise DataError(
                code, key=column, value=first, allowed=_fields(first, column), rows=rows, read=total(counts)
            )


def _refuse_several(cells: Mapping[str, Cell], counts: Counts, column: str) -> None:
    """Refuse lists of several labels where one a row was told."""
    several = _only(counts, [label for label, cell in cells.items() if cell.shape == "list" and len(cell.parts) > 1])
    if several:
        raise DataError("data.label_several", key=column, value=next(iter(several)), rows=total(several))


def _fields(label: str, column: str) -> str:
    """Names of the fields of an object, as `--label` takes them."""
    return " | ".join(f"{column}.{name}" for name in read_object(label))


def _words(cells: Mapping[str, Cell], counts: Counts) -> dict[str, int]:
    """Words and the only items of lists, with their rows."""
    words: Counter[str] = Counter()
    for label, cell in cells.items():
        for part in cell.parts if cell.shape != "word" else (label,):
            words[part] += counts[label]
    return dict(words)


def _vectors(cells: Mapping[str, Cell], options: DataOptions) -> tuple[str | None, int] | None:
    """What separates the items where every cell is a vector of 0 and 1, all of one length, and that length; else None.

    Two numbers with a comma may be a number with its fraction: those are no vector.
    """
    listed = {cell.shape for cell in cells.values()} == {"list"}
    if not listed and any(cell.shape != "word" for cell in cells.values()):
        return None
    given = options.label_separator
    first = next(iter(cells))
    for separator in (None,) if listed else (given,) if given is not None else _VECTORS:
        length = len(bits_of(first, separator) or ())
        fewest = 3 if separator == "," else 2
        if length >= fewest and all(len(bits_of(label, separator) or ()) == length for label in cells):
            return separator, length
    return None


def _one_each(counts: Counts, separator: str | None) -> bool:
    """Whether each vector has a single 1."""
    return all(sum(bits_of(label, separator) or ()) == 1 for label in counts)


def _numbers(words: Counts, separator: str | None, options: DataOptions) -> tuple[str, str | None]:
    """The decimal sign and the kind, where the words are numbers; a few that are none are rows without one."""
    decimal = _decimal(words, options)
    numbers = numbers_of(words, decimal)
    fractions = any(not number.is_integer() for number in numbers.values())
    measure = fractions and len(numbers) >= _MEASURE
    share = sum(words[label] for label in numbers) / total(words) if words else 0.0
    if decimal == "," and separator == "," and _may_be_sets(numbers):
        raise _mixed([("several", "sets", words), ("regression", "comma", words)], ",")
    if share == 1.0:
        return decimal, "regression" if measure else "single_label"
    if not measure or share < 0.5:
        return decimal, None
    if share >= 1 - options.max_dropped:
        return decimal, "regression"
    others = _only(words, [label for label in words if label not in numbers])
    raise _mixed([("regression", "numbers", _only(words, numbers)), ("single_label", "words", others)])


def _decimal(words: Counts, options: DataOptions) -> str:
    """A comma where more rows are numbers with it than with a point, and no more than may be dropped are neither."""
    commas = {label.count(",") for label in words}
    if commas == {0} or max(commas, default=0) > 1:
        return "."  # none, or sets of three
    with_point, with_comma = numbers_of(words, "."), numbers_of(words, ",")
    rows = [sum(words[label] for label in found) for found in (with_point, with_comma)]
    if rows[1] <= rows[0] or rows[1] < (1 - options.max_dropped) * total(words):
        return "."
    fractions = [label for label in with_comma if "," in label]
    if all(_THOUSANDS.fullmatch(label) for label in fractions):
        raise DataError("data.label_thousands", key=options.label or "label", value=fractions[0])
    return ","


def _may_be_sets(numbers: Iterable[str]) -> bool:
    """Whether numbers with a comma may as well be sets of classes: no cell names one twice or has a leading 0."""
    for label in numbers:
        parts = [part.strip() for part in label.split(",")]
        if len(set(parts)) < len(parts) or any(part[0] in "+-" or (part[0] == "0" and part != "0") for part in parts):
            return False
    return True


def _mixed(kinds: list[tuple[str, str, Counts]], separator: str = "") -> DataError:
    """Two kinds are as near: what speaks for each, and what to say."""
    lines = [
        say(f"labels.near.{kind}_{look}", rows=total(found), examples=examples(found), separator=repr(separator))
        for kind, look, found in kinds
    ]
    return DataError("data.label_mixed", key="label", kinds="".join(f"\n  - {line}" for line in lines))


def _only(counts: Counts, labels: Iterable[str]) -> dict[str, int]:
    """Some of the labels, the most frequent first."""
    return dict(sorted(((label, counts[label]) for label in labels), key=lambda item: (-item[1], item[0])))


def total(counts: Counts) -> int:
    """Rows of all labels."""
    return sum(counts.values())


def examples(counts: Counts) -> str:
    """A few labels for a message, the most frequent first."""
    found = list(_only(counts, counts))[:_SHOWN]
    return ", ".join(shortened(label, 40) for label in found)


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


__all__ = ["Joints", "examples", "find_form", "find_joints", "find_separator", "number_of", "total"]
