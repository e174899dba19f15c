"""What the first table of a book of texts to be written from others is to have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tunebook.core.params import Value
from tunebook.tasks.instruction.proposal import proposed as of_instruction

_STEP, _FEWEST, _SPARE = 16, 16, 1.25  # tokens of a target, and how much longer it may be than the 99th percentile


def proposed(stats: Mapping[str, Any]) -> dict[str, Value]:
    """A rate, passes and a length of sources as for conversations, and a length of targets by those of the rows.

    Args:
        stats: figures of the data, of their tokens, and the base model's width as `hidden`.
    """
    found = {name: value for name, value in of_instruction(stats).items() if not name.startswith("instruction.")}
    tokens, words = stats.get("tokens"), stats.get("writing")
    if tokens and words:
        mean = sum(int(length) * count for length, count in tokens["lengths"].items()) / max(tokens["rows"], 1)
        per_word = mean / max(words["asked"]["mean"], 1.0)
        longest = _STEP * math.ceil((words["answered"]["p99"] * per_word * _SPARE + 1) / _STEP)
        found["seq2seq.target_length"] = min(max(longest, _FEWEST), int(tokens.get("positions") or longest))
    return found


__all__ = ["proposed"]
