"""Which rows go into which forward pass: shuffled, of like length, the same step however many devices share it.

One optimiser step takes `batch_size * gradient_accumulation_steps` rows of the table, on one process or on many: more
processes share the same steps, they do not make them larger, so a plan means the same training everywhere. Every row
comes exactly once an epoch: nothing is dropped and nothing is repeated, the last, smaller step included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler

from tunebook.core.errors import PlanError
from tunebook.engine.ranks import Shares

_MEGA = 50  # steps whose rows are sorted together: near enough to sorting all, and still a different mix every epoch


class StepSampler(Sampler[list[int]]):
    """The row numbers of each forward pass of this process, for one epoch after the other.

    Args:
        lengths: tokens of each row, shape (N,); equal lengths give a plain shuffle.
        shares: how a step is shared out.
        seed: with the epoch it decides the order, so that a resumed run sees the same rows.
        bucketed: put rows of like length into one step.
        order: epoch -> row numbers in the order of training, in place of all that; equally many in every epoch.
        places: numbers of the rows among more of them, -1 for each that is left out: all of these are shuffled, so that
            who leaves out other ones sees the same order.

    Raises:
        PlanError: `ranks.rows`: a step or an epoch has fewer rows than there are processes.
    """

    def __init__(
        self,
        lengths: NDArray[np.int64],
        shares: Shares,
        *,
        seed: int,
        bucketed: bool = True,
        order: Callable[[int], NDArray[np.int64]] | None = None,
        places: NDArray[np.int64] | None = None,
    ) -> None:
        self.places = np.arange(len(lengths)) if places is None else places
        self.lengths = lengths
        self.shares = shares
        self.seed = seed
        self.bucketed = bucketed
        self.order = order
        self.epoch = 0
        self.rows = len(lengths) if order is None else len(order(0))  # of an epoch
        if min(self.rows, shares.step_rows) < shares.processes:
            few, rows = ("batch_size", shares.step_rows) if shares.step_rows < shares.processes else ("data", self.rows)
            raise PlanError("ranks.rows", key=few, value=rows, allowed=f">= {shares.processes}")

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of another epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return sum(self._passes())

    def __iter__(self) -> Iterator[list[int]]:
        for step, passes in zip(self.steps(), self._passes(), strict=True):
            parts = np.array_split(step, passes * self.shares.processes)
            for part in parts[self.shares.rank :: self.shares.processes]:
                yield [int(row) for row in part]

    def steps(self) -> list[NDArray[np.int64]]:
        """Row numbers of each step of this epoch, all processes together.

        Raises:
            ValueError: the order of this epoch has not as many rows as that of the first.
        """
        ends = np.cumsum(self._sizes())[:-1]
        if self.order is not None:
            given = self.order(self.epoch)
            if len(given) != self.rows:
                raise ValueError(f"{len(given)} rows in epoch {self.epoch}, {self.rows} in the first")
            return np.split(given, ends)
        draw = np.random.default_rng([self.seed, self.epoch])
        order = self.places[draw.permutation(len(self.places))]
        order = order[order >= 0]
        if self.bucketed:
            span = self.shares.step_rows * _MEGA
            parts = [order[start : start + span] for start in range(0, len(order), span)]
            order = np.concatenate([part[np.argsort(self.lengths[part], kind="stable")] for part in parts])
        steps = np.split(order, ends)
        if self.bucketed:  # the odd ones stay last: the schedule counts on full steps before them
            odd = 1 if len(steps) == 1 or len(steps[-2]) == self.shares.step_rows else 2
            steps = [steps[index] for index in draw.permutation(len(steps) - odd)] + steps[-odd:]
        return steps

    def _sizes(self) -> list[int]:
        """Rows of each step. A rest too small to feed every process gets rows of the step before it; where that one
        has none to spare, it joins it."""
        whole, processes = self.shares.step_rows, self.shares.processes
        full, rest = divmod(self.rows, whole)
        if not full or rest == 0 or rest >= processes:
            return [whole] * full + ([rest] if rest else [])
        left = whole - (processes - rest)
        if left >= self.shares.passes * processes:
            return [whole] * (full - 1) + [left, processes]
        return [whole] * (full - 1) + [whole + rest]

    def _passes(self) -> list[int]:
        """Forward passes of this process in each step: equally many in all but the last."""
        *full, last = self._sizes()
        most = -(-last // (self.shares.batch_size * self.shares.processes))
        passes = self.shares.passes
        return [passes] * len(full) + [min(most, passes, last // self.shares.processes)]


class RowNumbers(Dataset[int]):
    """The numbers of an epoch's rows, as the dataset of a trainer; the batches themselves are made by the task."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> int:
        return index


def by_length(
    lengths: NDArray[np.int64], lines: NDArray[np.int64], size: int, most: int | None = None
) -> list[NDArray[np.int64]]:
    """Row numbers of batches for inference, of about `size` lines each: longest rows first, so that memory is tried at
    once.

    Args:
        lengths, lines: tokens of each row, and lines that they are in, shape (N,).
        most: tokens of a batch, padding included; a row that has more of them is one alone.
    """
    order = np.argsort(-lengths, kind="stable")
    if most is None:
        batch = (np.cumsum(lines[order]) - 1) // size
        return np.split(order, np.flatnonzero(np.diff(batch)) + 1) if len(order) else []
    parts = _filled(order, lengths, lines, lambda count, _, longest: count > size or count * longest > most)
    return [np.array(part, dtype=np.int64) for part in parts]


def by_lines(rows: Sequence[int], lines: NDArray[np.int64], size: int) -> list[list[int]]:
    """The rows of a forward pass in their order, in as many parts as it takes for each to have `size` lines at most; a
    row that has more of them is one alone.

    Args:
        lines: of all rows, shape (N,).
    """
    parts: list[list[int]] = [[]]
    room = size
    for row in rows:
        if parts[-1] and lines[row] > room:
            parts.append([])
            room = size
        parts[-1].append(row)
        room -= int(lines[row])
    return parts


def parts_of(
    rows: Sequence[int], lengths: NDArray[np.int64], lines: NDArray[np.int64], size: int, most: int | None, padded: bool
) -> list[list[int]]:
    """The rows of a forward pass in as many parts as it takes for each to have `size` lines and `most` tokens at most;
    see `by_lines` and `by_tokens`."""
    parts = by_lines(rows, lines, size)
    if most is None:
        return parts
    return [smaller for part in parts for smaller in by_tokens(part, lengths, lines, most, padded=padded)]


def by_tokens(
    rows: Sequence[int], lengths: NDArray[np.int64], lines: NDArray[np.int64], most: int, *, padded: bool
) -> list[list[int]]:
    """The rows of a forward pass, rows of like length together, in parts of `most` tokens at most; a row that has more
    of them is one alone.

    Args:
        lengths, lines: tokens of each row, and lines that they are in, of all rows, shape (N,).
        padded: whether every line of a part is as long as its longest.
    """
    order = sorted(rows, key=lambda row: lengths[row] / lines[row], reverse=True)
    return _filled(order, lengths, lines, lambda count, tokens, longest: (count * longest if padded else tokens) > most)


def _filled(
    order: Iterable[int], lengths: NDArray[np.int64], lines: NDArray[np.int64], full: Callable[[int, int, int], bool]
) -> list[list[int]]:
    """Rows in their order, a new part with each that would make the one before too full.

    Args:
        full: of the lines of a part, its tokens, and those of its longest line.
    """
    parts: list[list[int]] = []
    count = tokens = longest = 0
    for row in order:
        own, many = int(lengths[row]), int(lines[row])
        count, tokens, longest = count + many, tokens + own, max(longest, -(-own // many))
        if not parts or full(count, tokens, longest):
            parts.append([])
            count, tokens, longest = many, own, -(-own // many)
        parts[-1].append(row)
    return parts


__all__ = ["RowNumbers", "StepSampler", "by_length", "by_lines", "by_tokens", "parts_of"]
