"""How much the passes of a training read: in which lines rows stand, and how many tokens the largest pass has."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tunebook.core.settings import Filled
from tunebook.tables.rules import parts_row

LEAST_LOOK = 32  # lines that a look reads at once, at least
Parted = Callable[[int, int], int]  # tokens of a text, room -> lines


@dataclass(frozen=True)
class Lines:
    """The lines that the training rows are read in.

    Attributes:
        mean, spread, longest: tokens of a line: their mean, their standard deviation, and the most that a line has.
        each: lines of a row on average; most: of the row that has most.
    """

    mean: float
    spread: float
    longest: int
    each: float = 1.0
    most: int = 1

    @property
    def row(self) -> float:
        """Tokens of a row on average."""
        return self.mean * self.each


def lines_of(tokens: Mapping[str, Any], room: int, parted: Parted | None = None) -> Lines:
    """From a token report: texts that are longer than `room` lose their end, or are read in several lines.

    Args:
        tokens: with `left_out_share`, where rows teach nothing: these are taken to be the longest ones.
        parted: how many lines a longer text is read in; None cuts it.
    """
    lengths = sorted((int(length), int(count)) for length, count in tokens["lengths"].items())
    whole = sum(count for _, count in lengths)
    left = whole - round(whole * tokens.get("left_out_share", 0.0))
    lines: dict[int, int] = {}
    texts, most = 0, 1
    for length, count in lengths:
        kept = min(count, left - texts)
        texts += kept
        many = parted(length, room) if parted and length > room and kept else 1
        most = max(most, many)
        size = min(length, room)
        lines[size] = lines.get(size, 0) + kept * many
    count = max(sum(lines.values()), 1)
    mean = sum(size * many for size, many in lines.items()) / count
    square = sum(size * size * many for size, many in lines.items()) / count
    longest = max((size for size, many in lines.items() if many), default=0)
    per_row = tokens.get("per_row", 1.0)
    return Lines(mean, math.sqrt(max(square - mean**2, 0.0)), longest, per_row * count / max(texts, 1), most)


@dataclass(frozen=True)
class Read:
    """What the passes of a training read.

    Attributes:
        lines: of its rows; share: how much of a row a step reads.
        whole: a step is one pass; padded: each line of a pass is as long as its longest.
        before: the model before the training is asked about all rows first.
    """

    lines: Lines
    share: float = 1.0
    whole: bool = False
    padded: bool = True
    before: bool = False

    def largest(self, params: Filled, passes: int) -> float:
        """Tokens of the largest pass, padding among them. Of so many sums of n lengths the largest is about
        n mean + spread sqrt(2 n ln passes).

        Args:
            passes: forward passes of the training.
        """
        most, parts = params.tokens_at_once, (params.model_extra or {}).get(parts_row(params))
        row = max(self.lines.each * self.share, 1.0)
        count = float(max(params.batch_size, self.lines.most, math.ceil(row)))  # all lines of a row are read at once
        if self.whole:
            count = float(parts or params.batch_size * row)
        full = count * self.lines.longest
        if not self.padded:
            chance = self.lines.spread * math.sqrt(2 * count * math.log(max(passes, 1)))
            full = min(full, count * self.lines.mean + chance)
        return full if most is None or self.whole else min(full, max(most, self.lines.longest))

    def look(self, params: Filled) -> int:
        """Tokens of the largest pass of a look at the validation rows."""
        return max(2 * params.batch_size, LEAST_LOOK, self.lines.most) * self.lines.longest


__all__ = ["LEAST_LOOK", "Lines", "Parted", "Read", "lines_of"]
