"""Read a value as people write it: `2e-5`, `5%`, `１６`, `none`, `无`, `是`."""

from __future__ import annotations

import json
import math
import numbers
import operator
import os
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tunebook.core.errors import TableError
from tunebook.core.params import Declaration, Value

NOTHING = frozenset({"none", "null", "nil", "~", "无", "空"})
YES = frozenset({"true", "yes", "on", "是", "开"})
NO = frozenset({"false", "no", "off", "否", "关"})
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(_\d{3})+(\.\d*)?")  # as Python, TOML and YAML group digits
_MINUS = re.compile("[\u2212\u2013\u2010]")  # minus sign, en dash, hyphen
_POWER = re.compile(r"([+-]?[\d.]+)\s*[x×*·]\s*10\s*\^?\s*([+-]?\d+)")  # superscripts are plain digits by now
_BOUNDS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def read_value(declaration: Declaration, given: Any) -> Value:
    """A value of the declared type, from what a person or a file gives.

    Numbers may be text, in full-width digits, with an exponent (`2e-5`, `2×10⁻⁵`, with any minus sign), a percent sign
    (where a fraction is meant), thousands commas (where a whole number is meant: `1,000` could mean 1 to a reader of
    another country) or underscores between thousands. 3.0 is a whole number, 3.5 is not; `2 e-5` is refused, for a
    space may hide a slip.
    `none`, `null`, `无` and, where nothing else is called so, `auto` leave a row unset that allows it.

    Raises:
        TableError: `row.value` for anything else; `row.off` for none in a technique's row that cannot be none.
    """
    given = _plain(declaration.row.reads(given) if declaration.row.reads else given)
    choice = _choice(declaration, given)
    if choice is not None:
        return choice
    kinds = declaration.kind.replace("true or false", "bool").split(" or ")
    if declaration.nullable and (is_nothing(given) or (word(given) == "auto" and "text" not in kinds)):
        return None
    for kind in kinds:
        value = _READERS[kind](given) if kind in _READERS else None
        if value is not None and _inside(declaration, value):
            return value
    code = "row.off" if is_nothing(given) and declaration.owner != "training" else "row.value"
    raise TableError(code, key=declaration.name, value=given, allowed=declaration.allowed, technique=declaration.owner)


def word(given: Any) -> str:
    """A text as a keyword: half-width and lower case; empty for anything but text."""
    return unicodedata.normalize("NFKC", given).strip().lower() if isinstance(given, str) else ""


def is_nothing(given: Any) -> bool:
    """None, or one of the words for it."""
    return given is None or word(given) in NOTHING


def _plain(given: Any) -> Any:
    """Paths as text, numbers of other libraries as Python's."""
    if isinstance(given, os.PathLike):
        return os.fspath(given)
    if isinstance(given, str):
        return given.strip()
    if isinstance(given, bool | int | float) or not isinstance(given, numbers.Real):
        return given
    return int(given) if isinstance(given, numbers.Integral) else float(given)


def _choice(declaration: Declaration, given: Any) -> Value:
    """One of the declared words; true, false and none stand for `on`, `off` and `none` where those are words."""
    text = word(given) or str(given).lower()
    state = _bool(given)
    words = [text, "none" if is_nothing(given) else "" if state is None else "on" if state else "off"]
    known = {str(choice).lower(): choice for choice in declaration.choices}
    return next((known[item] for item in words if item in known), None)


def _inside(declaration: Declaration, value: Value) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return all(_BOUNDS[sign](value, end) for sign, end in declaration.bounds)


def _bool(given: Any) -> bool | None:
    if isinstance(given, bool):
        return given
    return True if word(given) in YES else False if word(given) in NO else None


def whole(given: Any) -> int | None:
    """A whole number as people write it; None for anything else."""
    if isinstance(given, int):
        return None if isinstance(given, bool) else given
    text = _digits(given)
    if re.fullmatch(r"[+-]?\d{1,20}", text):
        return int(text)
    found = number(text.replace(",", "") if _THOUSANDS.fullmatch(text) else given)
    return int(found) if found is not None and found.is_integer() and not text.endswith("%") else None


def number(given: Any) -> float | None:
    """A finite number as people write it; None for anything else."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    text = _digits(given)
    if "_" in text:  # Python takes `5_0` for 50; it is as likely a slip of `5.0`
        return None
    try:
        found = float(Decimal(text[:-1]) / 100) if text.endswith("%") else float(text or given)
    except (ValueError, ArithmeticError):
        return None
    return found if math.isfinite(found) else None


def _digits(given: Any) -> str:
    """A number's text as Python reads it: minus signs of papers and word processors, `2×10^-5`, and no space inside."""
    text = _MINUS.sub("-", word(given))
    text = text.replace("_", "") if _GROUPS.fullmatch(text) else text
    power = _POWER.fullmatch(text)
    return f"{power[1]}e{power[2]}" if power else text


def _text(given: Any) -> str | None:
    return given if isinstance(given, str) and given else None


def _list(given: Any) -> list[str] | None:
    if isinstance(given, str):
        given = _listed(given)
    if not isinstance(given, list | tuple) or not all(isinstance(item, str) and item.strip() for item in given):
        return None
    return [item.strip() for item in given]


def _listed(text: str) -> Any:
    """Items of a JSON list, or of a text with commas."""
    if text.startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            return None
    return [item for item in re.split(r"[,，、;；]", text) if item.strip()]


_READERS: dict[str, Callable[[Any], Value]] = {
    "bool": _bool,
    "int": whole,
    "float": number,
    "text": _text,
    "list of str": _list,
}

__all__ = ["NO", "NOTHING", "YES", "is_nothing", "number", "read_value", "whole", "word"]
