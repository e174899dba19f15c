"""What a tokenizer puts around two texts that are read together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TYPES = "token_type_ids"


@dataclass(frozen=True)
class Frame:
    """Special tokens before, between and behind two texts, and the type of each and of the texts' own tokens."""

    parts: tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
    types: tuple[int, int, int, int, int] | None

    @property
    def size(self) -> int:
        """Number of the special tokens."""
        return sum(map(len, self.parts))


def frame_of(tokenizer: Any) -> Frame:
    """What a tokenizer puts around two texts, from what it makes of two letters."""
    one, two = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("a", "b"))
    pair = tokenizer("a", "b")
    ids, types = pair["input_ids"], pair.get(TYPES)
    first = next(place for place in range(len(ids)) if ids[place : place + len(one)] == one)
    second = next(place for place in range(first + len(one), len(ids)) if ids[place : place + len(two)] == two)
    borders = (0, first, first + len(one), second, second + len(two), len(ids))
    between = tuple(np.array(ids[borders[part] : borders[part + 1]], dtype=np.int32) for part in (0, 2, 4))
    kinds = tuple(types[min(border, len(ids) - 1)] for border in borders[:-1]) if types else None
    return Frame(between, kinds)  # type: ignore[arg-type]


__all__ = ["TYPES", "Frame", "frame_of"]
