"""How long work tells how far it is: whoever watches gives an object with these methods."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Protocol, runtime_checkable


class Progress(Protocol):
    """A watcher of long work. Every method may be called many times a second and must be cheap."""

    def start(self, what: str, total: int, done: int = 0) -> None:
        """A piece of work begins: `total` units, of which `done` are done already."""

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Some units are done; `figures` are what is worth seeing, such as the loss."""

    def finish(self) -> None:
        """The piece of work is over."""


@runtime_checkable
class Looks(Protocol):
    """A watcher that also wants to know every look at the validation rows."""

    def look(self, step: int, scores: Mapping[str, float]) -> None:
        """The scores after so many optimiser steps; whatever this raises ends the run."""


@runtime_checkable
class Notes(Protocol):
    """A watcher that also wants to hear what is out of the ordinary."""

    def note(self, text: str) -> None:
        """A sentence in the reader's language."""


def tell(progress: Progress, text: str) -> None:
    """Say something out of the ordinary to a watcher; as a warning where it does not listen."""
    if isinstance(progress, Notes):
        progress.note(text)
    else:
        warnings.warn(text, stacklevel=3)


class Silent:
    """Nobody watches."""

    def start(self, what: str, total: int, done: int = 0) -> None:
        """Nothing."""

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""


class Quiet:
    """A watcher that is told how far a stage is, but not of its scores, which are not those of the book."""

    def __init__(self, inner: Progress) -> None:
        self.inner = inner

    def start(self, what: str, total: int, done: int = 0) -> None:
        """A piece of work begins."""
        self.inner.start(what, total, done)

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Some units are done."""
        self.inner.advance(amount, **figures)

    def note(self, text: str) -> None:
        """Something out of the ordinary."""
        tell(self.inner, text)

    def finish(self) -> None:
        """The piece of work is over."""
        self.inner.finish()


__all__ = ["Looks", "Notes", "Progress", "Quiet", "Silent", "tell"]
