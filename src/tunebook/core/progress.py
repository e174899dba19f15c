"""How long work tells how far it is: whoever watches gives an object with these methods."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A watcher of long work. Every method may be called many times a second and must be cheap."""

    def start(self, what: str, total: int, done: int = 0) -> None:
        """A piece of work begins: `total` units, of which `done` are done already."""

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Some units are done; `figures` are what is worth seeing, such as the loss."""

    def finish(self) -> None:
        """The piece of work is over."""


class Silent:
    """Nobody watches."""

    def start(self, what: str, total: int, done: int = 0) -> None:
        """Nothing."""

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""


__all__ = ["Progress", "Silent"]
