"""Who gets the new model: a hash of the user or the request decides, the same in every process and at every time."""

from __future__ import annotations

from hashlib import sha256
from typing import final

from tunebook.core.errors import BookError
from tunebook.rollout.choice import Choice
from tunebook.rollout.state import State

_DIGITS = 16


@final
class HashRouter:
    """Draws by a salted hash of the key: sticky, and whoever has the challenger keeps it at every larger share.

    Args:
        state: of the rollout; another state needs another router.

    Raises:
        BookError: `rollout.nothing_live`.
    """

    def __init__(self, state: State) -> None:
        if state.live is None:
            raise BookError("rollout.nothing_live", key="rollout")
        self.state = state
        self._live = state.live
        self._shadow = state.candidate if state.shadow else None

    @property
    def versions(self) -> tuple[str, ...]:
        """Ids of the runs that have to be in memory, the one in force first."""
        candidate = self.state.candidate
        return (self._live,) if candidate is None else tuple(dict.fromkeys((self._live, candidate)))

    def choose(self, key: str) -> Choice:
        """For a user or, where none is named, a request."""
        unit = unit_of(key, self.state.salt)
        candidate = self.state.candidate
        if candidate is not None and place(unit) < self.state.share / 100:
            return Choice(candidate, "challenger", None, self.state.stage, unit)
        return Choice(self._live, "champion", self._shadow, self.state.stage, unit)


def unit_of(key: str, salt: str) -> str:
    """The key as it is drawn by and kept: 16 hexadecimal digits from which nobody reads the user."""
    return sha256(f"{salt}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def place(unit: str) -> float:
    """Where a unit stands between 0 and below 1."""
    return int(unit[:12], 16) / 16**12  # so many bits a float holds exactly, and never rounds up to 1


__all__ = ["HashRouter", "place", "unit_of"]
