"""Texts that wait for a model: in buckets by their length, in an order that is fair to each request.

The order is that of start-time fair queueing: the text n of a request stands n places behind the place at which the
request came, and places are counted on with each pass. Sixty-four texts of one request do not keep a single one
waiting, and are themselves never passed by for good.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.answering import Tokens

Outputs = list[NDArray[np.float32]]
Wording = Callable[["Job"], list[dict[str, Any]]]
_SHORTEST = 16  # tokens of the smallest bucket


@dataclass(frozen=True)
class Done:
    """What came of a request.

    Attributes:
        tokens, outputs, answers: of each text; `answers` is empty where none were asked for.
        began: time (`time.perf_counter`) at which the model began with its first text.
    """

    tokens: list[Tokens]
    outputs: Outputs
    answers: list[dict[str, Any]]
    began: float


@dataclass(eq=False)
class Job:
    """A request while it waits.

    Attributes:
        wording: puts its tokens and outputs into words, in a thread; None where outputs are enough.
        side: of texts that become vectors: `query`, `passage`; empty for what the model takes by itself.
        quiet: of a comparison that nobody waits for. come: when (`time.perf_counter`).
        left: texts that have no output yet.
    """

    texts: Sequence[str]
    pairs: Sequence[str] | None
    wording: Wording | None
    quiet: bool
    come: float
    side: str = ""
    future: Future[Done] = field(default_factory=Future)
    tokens: list[Tokens] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    left: int = 0
    began: float = 0.0


@dataclass(frozen=True)
class Text:
    """One text of a job: `number` in it."""

    job: Job
    number: int

    @property
    def tokens(self) -> Tokens:
        """As the model reads it."""
        return self.job.tokens[self.number]


class Waiting:
    """The texts in their order; whoever uses it holds a lock.

    Args:
        most_tokens, most_rows: of one pass, padding counted.
    """

    def __init__(self, most_tokens: int, most_rows: int) -> None:
        self._most_tokens, self._most_rows = most_tokens, most_rows
        self._buckets: dict[int, list[tuple[float, int, Text]]] = {}
        self._next = count()
        self._place = 0.0
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, job: Job) -> None:
        """Put all texts of a request into the order."""
        for number, tokens in enumerate(job.tokens):
            bucket = self._buckets.setdefault(_bucket(len(tokens)), [])
            heappush(bucket, (self._place + number, next(self._next), Text(job, number)))
        self._size += len(job.tokens)

    @property
    def since(self) -> float:
        """When the request of the first text in the order came."""
        return min(bucket[0] for bucket in self._buckets.values())[2].job.come

    @property
    def full(self) -> bool:
        """Whether one bucket has a whole pass."""
        return any(len(bucket) >= self._room(length) for length, bucket in self._buckets.items())

    def take(self) -> list[Text]:
        """The texts of the next pass: the first in the order, and those of its bucket that follow. Texts whose request
        was given up are left out, so that there may be none."""
        length = min(self._buckets, key=lambda length: self._buckets[length][0])
        bucket, taken = self._buckets[length], list[Text]()
        self._place = max(self._place + 1, bucket[0][0])
        while bucket and len(taken) < self._room(length):
            text = heappop(bucket)[2]
            self._size -= 1
            if not text.job.future.done():
                taken.append(text)
        if not bucket:
            del self._buckets[length]
        return taken

    def _room(self, length: int) -> int:
        return max(1, min(self._most_rows, self._most_tokens // length))


def _bucket(tokens: int) -> int:
    """The length of the bucket: a power of two, so that padding at most doubles a text."""
    return max(_SHORTEST, 1 << max(0, tokens - 1).bit_length())


__all__ = ["Done", "Job", "Outputs", "Text", "Waiting", "Wording"]
