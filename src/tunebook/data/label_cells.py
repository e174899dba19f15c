"""What one cell of a label column writes (a word, a list in one of its spellings, an object, or nothing readable), and
the classes or the number that it says under the form of its column."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tunebook.core.nouns import DataRef
from tunebook.core.registry import kind_of
from tunebook.data.cells import as_text

Shape = Literal["word", "list", "weights", "object", "spans", "broken"]
_OPENS = "[({"
_WRAPPED = re.compile(r"(?:array|set|frozenset|list|tuple)\((.*?)(?:,\s*dtype=[^()]*)?\)", re.DOTALL)
_QUOTED = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_NUMBER = r"(?:[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|True|False)"
# Arrays of numpy as text: no commas. Python would join quoted words side by side into one.
_ARRAY = re.compile(rf"\[\s*(?:{_QUOTED}(?:\s+{_QUOTED})+|{_NUMBER}(?:\s+{_NUMBER})+)\s*\]")
_ITEM = re.compile(rf"{_QUOTED}|{_NUMBER}")
_NAN = re.compile(r"(?<=[\[(,{])\s*nan\s*(?=[\]),}])")  # how Python writes a missing item: no literal
_CHOICES = "choices"  # Label Studio's word for several classes of a row
_LONGEST = 100_000  # Python's parser needs memory for longer ones
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:\.\d{3})+,\d+")
_BITS = {"0": False, "1": True, "false": False, "true": True}


@dataclass(frozen=True)
class Cell:
    """A label cell that was read.

    Attributes:
        shape: `word`; `list` of labels; `weights`, an object of classes with a number each; `object`, any other;
            `spans`, a list of lists or of objects, or an object with places; `broken`, what begins with a bracket and
            cannot be read.
        parts: the labels, as written; of `weights` those whose number is 1.
        soft: `weights` holds a number that is neither 0 nor 1.
    """

    shape: Shape
    parts: tuple[str, ...] = ()
    soft: bool = False


NOTHING = Cell("list")


def read_cell(text: str) -> Cell:
    """Read one label cell; words come back as they are."""
    if text[:1] not in _OPENS or not text:
        wrapped = _WRAPPED.fullmatch(text)
        inner = read_cell(wrapped[1].strip() or "[]") if wrapped else None
        return inner if inner is not None and inner.shape == "list" else Cell("word", (text,))
    value = _value(text)
    if isinstance(value, dict):
        return _object(value)
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return _items(items)
    return Cell("broken")


def read_object(text: str) -> dict[Any, Any]:
    """The object that a cell writes; one without fields where it writes none."""
    value = _value(text) if text.startswith("{") else None
    return value if isinstance(value, dict) else {}


def _items(items: Sequence[Any]) -> Cell:
    if items and all(isinstance(item, dict) and set(item) == {_CHOICES} for item in items):
        return _items([choice for item in items for choice in _listed(item[_CHOICES])])
    if any(isinstance(item, list | tuple | dict | set) for item in items):
        return Cell("spans")
    there = [item for item in items if item is not None and item == item]
    return Cell("list", tuple(_word(item) for item in there))


def _object(value: dict[Any, Any]) -> Cell:
    if set(value) == {_CHOICES}:
        return _items(_listed(value[_CHOICES]))
    if _holds_places(value):
        return Cell("spans")
    weights = {str(name): 0 if weight is None else weight for name, weight in value.items()}
    if not weights or not all(isinstance(weight, bool | int | float) for weight in weights.values()):
        return Cell("object")
    on = tuple(name for name, weight in weights.items() if weight == 1)
    return Cell("weights", on, soft=any(weight not in (0, 1) for weight in weights.values()))


def _holds_places(value: Any) -> bool:
    """Whether there is a list of places somewhere: `[[0, 8]]`."""
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        return all(len(item) == 2 and set(map(type, item)) == {int} for item in value)
    return isinstance(value, dict) and any(map(_holds_places, value.values()))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _word(item: Any) -> str:
    return str(item).lower() if isinstance(item, bool) else str(item).strip()


def _value(text: str) -> Any:
    """What the text writes in JSON, as an array of numpy, or in Python's own spelling; None for none of them.

    Nothing of it is run: Python's spelling is read as literals only.
    """
    if len(text) > _LONGEST:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if _ARRAY.fullmatch(text):
        return [_unquoted(item) for item in _ITEM.findall(text)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of strange escapes in quoted words
            return ast.literal_eval(_NAN.sub("None", text))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def _unquoted(item: str) -> str:
    return str(ast.literal_eval(item)) if item[0] in "'\"" else item


@dataclass(frozen=True)
class Form:
    """How label cells are written.

    Attributes:
        problem: what they are labels of.
        separator: what stands between the labels of a cell; None where cells are lists or hold one label each.
        positions: length of the vectors of 0 and 1 that the cells are, with a place for each class; the classes are
            called 0, 1, 2, ... Where it is 0, they are no vectors.
        decimal: what stands before the fraction of a number.
    """

    problem: str
    separator: str | None = None
    positions: int = 0
    decimal: str = "."

    @property
    def several(self) -> bool:
        """Whether a row may bear any number of classes."""
        return kind_of(self.problem).link == "sigmoid"

    @property
    def facts(self) -> dict[str, Any]:
        """For the figures of prepared rows, from which `form_of` has it again."""
        return {name: value for name, value in asdict(self).items() if name != "problem"}


def form_of(data: DataRef) -> Form:
    """How the labels of prepared rows were written in their files."""
    return form_in(data.labels.problem, data.stats)


def form_in(problem: str, facts: Mapping[str, Any]) -> Form:
    """How labels were written, from the facts of the form."""
    return Form(problem, **{name: facts[name] for name in ("separator", "positions", "decimal") if name in facts})


def label_parts(cell: Any, form: Form) -> list[str]:
    """The labels of one cell, as written: distinct, without spaces around them, in their order.

    A cell of a kind with one label a row always gives one: the only item of a list, else the cell as it stands.
    """
    text = (as_text(cell) or "").strip()
    bits = bits_of(text, form.separator) if form.positions else None
    if bits is None or len(bits) != form.positions:  # names in place of a vector
        parts = _split(text, form.separator)
    else:
        parts = [str(place) for place, bit in enumerate(bits) if bit]
    distinct = list(dict.fromkeys(part.strip() for part in parts if part.strip()))
    return distinct if form.several or len(distinct) == 1 else [text]


def label_number(cell: Any, form: Form) -> float | None:
    """The finite number of one cell, or of a list that holds one; None where it says none."""
    text = as_text(cell) or ""
    number = number_of(text, form.decimal)
    return number_of(label_parts(text, form)[0], form.decimal) if number is None else number


def _split(text: str, separator: str | None) -> list[str]:
    cell = read_cell(text)
    if cell.shape in ("list", "weights"):
        return list(cell.parts)
    return text.split(separator) if separator else [text]


def bits_of(text: str, separator: str | None) -> tuple[bool, ...] | None:
    """A vector of 0 and 1 as a cell writes it, else None."""
    found = [_BITS.get(re.sub(r"\.0*$", "", item.strip()).lower()) for item in _split(text, separator) if item.strip()]
    return None if None in found else tuple(bit for bit in found if bit is not None)


def number_of(label: str, decimal: str = ".") -> float | None:
    """The finite number that a label writes, perhaps in percent, else None.

    Args:
        decimal: what stands before the fraction; with a comma, points may stand between groups of three digits.
    """
    text = label.strip().replace("\u2212", "-").removesuffix("%")
    if decimal == ",":
        text = text.replace(".", "") if _GROUPED.fullmatch(text) else text
        text = text.replace(",", ".", 1) if "." not in text else "?"
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number - number == 0 and "_" not in label else None


def numbers_of(labels: Mapping[str, int], decimal: str) -> dict[str, float]:
    """The labels that are numbers, with what they are worth."""
    found = {label: number_of(label, decimal) for label in labels}
    return {label: number for label, number in found.items() if number is not None}


__all__ = [
    "NOTHING", "Cell", "Form", "Shape", "bits_of", "form_in", "form_of", "label_number", "label_parts", "number_of",
    "numbers_of", "read_cell", "read_object",
]  # fmt: skip
