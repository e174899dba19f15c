"""What one cell of a label column writes: a word, a list in one of its spellings, an object, or nothing readable."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

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


__all__ = ["NOTHING", "Cell", "Shape", "read_cell", "read_object"]
