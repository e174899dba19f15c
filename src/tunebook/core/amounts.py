"""Amounts as people type them: `2pt` and `0.02` are points of a metric, `2%` is a share."""

from __future__ import annotations

import re
from typing import Literal

from tunebook.core.errors import TunebookError

_POINTS = re.compile(r"([\d.]+)\s*(pts?|points?|pp|点|分|个?百分点)", re.IGNORECASE)
_SHARE = re.compile(r"([\d.]+)\s*[%％]")
_NUMBER = re.compile(r"\d*\.?\d+")
_AMOUNTS = "2pt | 2% | 0.02"


def read_delta(text: str) -> tuple[float, Literal["absolute", "relative"]]:
    """The least gain: `2pt` and `0.02` are points of the metric, `2%` is a share of the old table's score.

    Raises:
        TunebookError: `cli.option` for anything else.
    """
    kind: Literal["absolute", "relative"]
    share = _SHARE.fullmatch(text.strip())
    if share and _NUMBER.fullmatch(share[1]):
        found, kind = float(share[1]) / 100, "relative"
    else:
        found, kind = read_amount("--delta", text), "absolute"
    if found >= 1:  # `2` for two points, most likely
        raise TunebookError("cli.option", key="--delta", value=text, allowed=_AMOUNTS)
    return found, kind


def read_amount(name: str, text: str) -> float:
    """A number from `2pt`, `2%` or `0.02`.

    Args:
        name: of the option that holds it.

    Raises:
        TunebookError: `cli.option` for anything else.
    """
    found = _POINTS.fullmatch(text.strip()) or _SHARE.fullmatch(text.strip())
    number = found[1] if found else text.strip()
    if not _NUMBER.fullmatch(number):
        raise TunebookError("cli.option", key=name, value=text, allowed=_AMOUNTS)
    return float(number) / (100 if found else 1)


__all__ = ["read_amount", "read_delta"]
