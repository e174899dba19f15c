"""The text of a cell: one rule for training and for prediction.

The text of a value depends on the value alone: not on the format it came in, on the type of its column, nor on the
other rows. So a number that stands among fractions (3.0) reads as it does alone (3), and a moment reads the same
whether its column counts seconds or nanoseconds.
"""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from tunebook.data.cleaning import without_halves

# A moment's fraction of a second without the zeros at its end, which only tell the unit of the column.
FRACTION = ((r"(\.\d*?)0+(Z?)$", r"\1\2"), (r"\.(Z?)$", r"\1"))
_EXACT = 2**53  # whole numbers below it are the same as float and as int
_MISSING = ("NAType", "NaTType")  # pandas, which need not be there


def as_text(value: Any) -> str | None:
    """The text of one value, None for what is missing (None, NaN).

    Numbers as one writes them (3 for 3.0, 2.5 for a decimal 2.50), `true` and `false`, dates and times as `2025-01-02
    03:04:05`, those of a time zone in UTC with a Z, bytes as UTF-8, lists and objects as JSON: the keys of an object
    sorted, without those that have no value, because a table keeps neither.
    """
    if missing(value):
        return None
    return without_halves(value if isinstance(value, str) else _written(value))


def missing(value: Any) -> bool:
    """Whether a cell holds nothing: None, NaN, or what pandas puts in their place."""
    if isinstance(value, float | np.floating):
        return bool(value != value)
    if isinstance(value, Decimal):
        return value.is_nan()
    return value is None or type(value).__name__ in _MISSING


def _written(value: Any) -> str:
    if isinstance(value, np.datetime64):
        return _trimmed(str(value).replace("T", " "))
    if isinstance(value, np.generic) and not isinstance(value, np.floating):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        whole = abs(float(value)) < _EXACT and float(value).is_integer()
        return str(int(value)) if whole else str(value)
    if isinstance(value, Decimal):
        text = f"{value:f}" if value.is_finite() else str(value)
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, Mapping | list | tuple | set | frozenset | np.ndarray):
        return json.dumps(_plain(value), ensure_ascii=False)
    return _moment(value)


def _moment(value: Any) -> str:
    """A date, a time, a span of time, or whatever else there is."""
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            return _trimmed(value.isoformat(" "))
        return _trimmed(value.astimezone(datetime.UTC).replace(tzinfo=None).isoformat(" ") + "Z")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return _trimmed(value.isoformat())
    if isinstance(value, datetime.timedelta):
        return str(datetime.timedelta(value.days, value.seconds, value.microseconds))
    return str(value)


def number_in(value: Any) -> float:
    """A number as a cell writes it, NaN where it is none; Python alone takes `5_0` for 50."""
    try:
        return math.nan if "_" in str(value) else float(value)
    except (TypeError, ValueError):
        return math.nan


def _trimmed(text: str) -> str:
    for pattern, kept in FRACTION:
        text = re.sub(pattern, kept, text)
    return text


def _plain(value: Any) -> Any:
    """A value as JSON has it: inside of lists and objects too the column's type leaves no trace."""
    if isinstance(value, Mapping):
        pairs = {str(name): item for name, item in value.items() if not missing(item)}
        return {name: _plain(pairs[name]) for name in sorted(pairs)}
    if isinstance(value, set | frozenset):
        return sorted(map(_plain, value), key=str)
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, float) and value == value and abs(value) != float("inf"):
        return int(value) if abs(value) < _EXACT and value.is_integer() else value
    return as_text(value)


__all__ = ["FRACTION", "as_text", "missing", "number_in"]
