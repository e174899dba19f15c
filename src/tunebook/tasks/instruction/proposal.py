"""What the first table of an instruction book is to have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunebook.core.params import Value

_NARROW, _USUAL = 512, 1024  # widths up to which a decoder is tiny, and small
_RATES = (5e-4, 5e-5, 2e-5)


def proposed(stats: Mapping[str, Any]) -> dict[str, Value]:
    """A rate by the width of the model.

    Args:
        stats: figures of the data, and the base model's width as `hidden`.
    """
    hidden = int(stats.get("hidden") or _USUAL)
    tiny, small, large = _RATES
    return {"learning_rate": tiny if hidden <= _NARROW else small if hidden <= _USUAL else large}


__all__ = ["proposed"]
