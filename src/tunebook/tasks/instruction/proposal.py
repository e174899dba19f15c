"""What the first table of an instruction book is to have, where that is not what any task has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tunebook.core.params import Value

_NARROW, _USUAL, _WIDE = 512, 1024, 1536  # widths up to which a decoder is tiny, small, trained whole without a thought
_RATES = (5e-4, 5e-5, 2e-5)
_STEP, _FEWEST, _MOST = 16, 16, 1024  # tokens of an answer
_SPARE = 1.25
_NEAR = 1.5  # times the 99th percentile up to which the longest row is worth its padding


def proposed(stats: Mapping[str, Any]) -> dict[str, Value]:
    """A rate and passes by the width of the model, narrow maps beside a wide one, and lengths by those of the rows.

    Args:
        stats: figures of the data, of their tokens, and the base model's width as `hidden`.
    """
    hidden = int(stats.get("hidden") or _USUAL)
    tiny, small, large = _RATES
    found: dict[str, Value] = {
        "learning_rate": tiny if hidden <= _NARROW else small if hidden <= _USUAL else large,
        "max_epochs": 10 if hidden <= _NARROW else 3,
        "early_stopping_patience": 2,
    }
    if hidden > _WIDE:
        found |= {"lora.rank": 16, "lora.alpha": 32.0, "lora.learning_rate": 2e-4}
    return {**found, **_lengths(stats)}


def _lengths(stats: Mapping[str, Any]) -> dict[str, Value]:
    tokens, words = stats.get("tokens"), stats.get("writing")
    if not tokens:
        return {}
    found: dict[str, Value] = {}
    longest = _up(tokens["max"], 8)
    if tokens["max"] <= _NEAR * tokens["p99"] and longest <= int(tokens.get("positions") or longest):
        found["max_length"] = longest
    if words:
        mean = sum(int(length) * count for length, count in tokens["lengths"].items()) / max(tokens["rows"], 1)
        per_word = mean / max(words["asked"]["mean"] + words["answered"]["mean"], 1.0)
        longest = _up(words["answered"]["p99"] * per_word * _SPARE, _STEP)
        found["instruction.max_new_tokens"] = min(max(longest, _FEWEST), _MOST)
    return found


def _up(value: float, step: int) -> int:
    return step * math.ceil(value / step)


__all__ = ["proposed"]
