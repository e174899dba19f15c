"""Which rows go into which forward pass: shuffled, of like length, the same step however many devices share it.

One optimiser step takes `batch_size * accumulation * processes` rows. The rows of a step do not depend on how they are
shared out, and every row is seen exactly once an epoch: nothing is dropped and nothing is repeated, the last, smaller
step included. With several processes a forward pass may therefore hold one row more than `batch_size`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

_MEGA = 50  # steps whose rows are sorted together: near enough to sorting all, and still a different mix every epoch


@dataclass(frozen=True)
class Shares:
    """How a step is shared out: rows of a forward pass, passes of a step, processes and which of them this one is."""

    batch_size: int
    accumulation: int = 1
    processes: int = 1
    rank: int = 0

    @property
    def step_rows(self) -> int:
        """Rows of one optimiser step."""
        return self.batch_size * self.accumulation * self.processes


class StepSampler(Sampler[list[int]]):
    """The row numbers of each forward pass of this process, for one epoch after the other.

    Args:
        lengths: tokens of each row, shape (N,); equal lengths give a plain shuffle.
        shares: how a step is shared out.
        seed: with the epoch it decides the order, so that a resumed run sees the same rows.
        bucketed: put rows of like length into one step.

    Raises:
        ValueError: fewer rows than processes.
    """

    def __init__(self, lengths: NDArray[np.int64], shares: Shares, *, seed: int, bucketed: bool = True) -> None:
        if len(lengths) < shares.processes:
            raise ValueError(f"{len(lengths)} rows cannot feed {shares.processes} processes")
        self.lengths = lengths
        self.shares = shares
        self.seed = seed
        self.bucketed = bucketed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of another epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return sum(self._passes(size) for size in self._sizes())

    def __iter__(self) -> Iterator[list[int]]:
        for step in self.steps():
            yield from self._own(step)

    def steps(self) -> list[NDArray[np.int64]]:
        """Row numbers of each step of this epoch, all processes together."""
        draw = np.random.default_rng([self.seed, self.epoch])
        order = draw.permutation(len(self.lengths))
        if self.bucketed:
            span = self.shares.step_rows * _MEGA
            parts = [order[start : start + span] for start in range(0, len(order), span)]
            order = np.concatenate([part[np.argsort(self.lengths[part], kind="stable")] for part in parts])
        sizes = self._sizes()
        steps = np.split(order, np.cumsum(sizes)[:-1])
        if self.bucketed:  # the odd one stays last: the schedule counts on full steps before it
            steps = [steps[index] for index in draw.permutation(len(steps) - 1)] + steps[-1:]
        return steps

    def _sizes(self) -> list[int]:
        """Rows of each step. A rest too small to feed every process joins the step before it."""
        full, rest = divmod(len(self.lengths), self.shares.step_rows)
        sizes = [self.shares.step_rows] * full + ([rest] if rest else [])
        if full and 0 < rest < self.shares.processes:
            sizes[-2:] = [sizes[-2] + rest]
        return sizes

    def _passes(self, size: int) -> int:
        passes = -(-size // (self.shares.batch_size * self.shares.processes))
        return min(passes, self.shares.accumulation, size // self.shares.processes)

    def _own(self, step: NDArray[np.int64]) -> Iterator[list[int]]:
        count = self._passes(len(step)) * self.shares.processes
        parts = np.array_split(step, count)
        for part in parts[self.shares.rank :: self.shares.processes]:
            yield [int(row) for row in part]


def by_length(lengths: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Row numbers of batches for inference: longest rows first, so that memory is tried at once."""
    order = np.argsort(-lengths, kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]


def padding(lengths: NDArray[np.int64], batches: Sequence[Sequence[int]]) -> float:
    """Padded tokens over real tokens: 1 is none wasted."""
    padded = sum(len(batch) * int(lengths[list(batch)].max()) for batch in batches)
    return padded / max(int(lengths.sum()), 1)


__all__ = ["Shares", "StepSampler", "by_length", "padding"]
