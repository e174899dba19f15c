"""The models in memory: loaded and warmed beside those that answer, closed after their last request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tunebook.bundle.answering import Answering
from tunebook.core.errors import MachineError
from tunebook.serve.batcher import Batcher, Batching, Counter

Open = Callable[[str], Answering]
_WARM = ("a", "warm " * 24, "warm " * 120)  # shapes that the first users would else wait for


@dataclass(eq=False)
class Loaded:
    """A version in memory.

    Attributes:
        seconds: that loading and warming took; since: seconds since 1970.
        users: requests that have it in hand; retired: no new ones get it.
    """

    model: Answering
    batcher: Batcher
    seconds: float
    since: float
    users: int = 0
    retired: bool = False


class Fleet:
    """Versions by the id of their run.

    Args:
        open_model: gives the model of a run; it may take long and is called in a thread.
        seen: is told of each pass: version, rows, padded tokens.
    """

    def __init__(self, open_model: Open, how: Batching, seen: Callable[[str, int, int], None] | None = None) -> None:
        self._open, self._how, self._seen = open_model, how, seen
        self._lock = threading.Lock()
        self._loaded: dict[str, Loaded] = {}
        self.users, self._slots = Counter(), threading.Semaphore(how.lanes)

    @property
    def loaded(self) -> Mapping[str, Loaded]:
        """What is in memory now."""
        with self._lock:
            return dict(self._loaded)

    def load(self, version: str) -> Loaded:
        """Load and warm a version; one that is there is given back. Called by one thread at a time.

        Raises:
            TunebookError: what opening raises.
        """
        with self._lock:
            if found := self._loaded.get(version):
                found.retired = False
                return found
        begun = time.perf_counter()
        model = self._open(version)
        seen = self._seen
        told = None if seen is None else lambda rows, tokens: seen(version, rows, tokens)
        batcher = Batcher(model, self._how, self.users, self._slots, told)
        try:
            _warm(model)
        except BaseException:
            batcher.close()
            raise
        made = Loaded(model, batcher, time.perf_counter() - begun, time.time())
        with self._lock:
            self._loaded[version] = made
        return made

    @contextmanager
    def use(self, version: str) -> Iterator[Loaded]:
        """A version that stays in memory meanwhile.

        Raises:
            MachineError: `serve.no_version`, it is not in memory.
        """
        with self._lock:
            found = self._loaded.get(version)
            if found is None:
                raise MachineError("serve.no_version", key="version", value=version, seconds=1)
            found.users += 1
        try:
            yield found
        finally:
            with self._lock:
                found.users -= 1

    def retire(self, keep: Iterable[str]) -> None:
        """No new requests for any but these."""
        kept = frozenset(keep)
        with self._lock:
            for version, item in self._loaded.items():
                item.retired = version not in kept

    def sweep(self) -> list[str]:
        """Close the retired ones that nobody has in hand; gives which. Waits for their last comparisons."""
        with self._lock:
            gone = {version: item for version, item in self._loaded.items() if item.retired and not item.users}
            for version in gone:
                del self._loaded[version]
        for item in gone.values():
            item.batcher.close()
            _close(item.model)
        return list(gone)

    def close(self) -> None:
        """Answer whoever waits, and close all."""
        self.retire(())
        with self._lock:
            left, self._loaded = list(self._loaded.values()), {}
        for item in left:
            item.batcher.close()
            _close(item.model)


def _warm(model: Answering) -> None:
    """Have the model read once alone and once together, as pairs where it wants them."""
    with suppress(Exception):  # a model of pairs refuses single texts; the user is told of what is wrong
        model.outputs(model.read(_WARM))
        model.outputs(model.read(_WARM[:1]))
        return
    model.outputs(model.read(_WARM, _WARM))


def _close(model: Answering) -> None:
    """Give back what a model holds, where it can be told to."""
    close = getattr(model, "close", None)
    if callable(close):
        close()


__all__ = ["Fleet", "Loaded", "Open"]
