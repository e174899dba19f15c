"""What the log still lacks, in the spool of this process and in those that dead ones have left: batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tunebook.requests.spool import Batch, Orphan, Spool, drained, orphans


class Replay:
    """See above; of one thread.

    Args:
        spool: that of this process; folder: where those of others lie.
    """

    def __init__(self, spool: Spool, folder: Path) -> None:
        self._spool, self._folder = spool, folder
        self._old: list[Orphan] = []
        self._batches: Iterator[Batch] | None = None
        self._done: set[str] = set()

    def find(self) -> int:
        """Take over what dead processes have left; gives how many records."""
        with suppress(OSError):
            self._old = orphans(self._folder)
        return sum(old.waiting for old in self._old)

    @property
    def waiting(self) -> bool:
        """Whether there is anything."""
        return bool(self._old or self._spool.waiting)

    def next(self) -> Batch | None:
        """The oldest batch that was not done; None after the last, when the files are gone."""
        if self._batches is None:
            spools: list[Spool | Orphan] = [*self._old, self._spool]
            self._batches = (batch for batch in drained(spools) if batch.key not in self._done)
        batch = next(self._batches, None)
        if batch is None:
            self._batches, self._old, self._done = None, [], set()
        return batch

    def done(self, batch: Batch) -> Batch:
        """This one is not given again."""
        self._done.add(batch.key)
        return batch

    def again(self) -> None:
        """Begin with the oldest that is not done."""
        self._batches = None

    def close(self) -> None:
        """Leave the files to the next process."""
        for old in self._old:
            old.close()
        self._spool.close()


__all__ = ["Replay"]
