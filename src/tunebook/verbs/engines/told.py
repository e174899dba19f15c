"""What a training on another machine tells, and how a watcher here hears it as if it were trained here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any

from tunebook.core.progress import Looks, Progress, Silent, tell

Event = tuple[Any, ...]  # name of a method of a watcher, and what it is called with; ("attempt", where) begins anew
_EVERY = 0.5  # seconds between two letters


class Teller:
    """A watcher that writes down what it hears, and sends it now and then.

    Args:
        send: takes what was heard since; the last call is `flush`'s.
    """

    def __init__(self, send: Callable[[list[Event]], None]) -> None:
        self.send = send
        self.heard: list[Event] = []
        self.last = time.monotonic()

    def start(self, what: str, total: int, done: int = 0) -> None:
        """A piece of work begins."""
        self._add("start", what, total, done)

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Some units are done; what is heard between two letters is added up."""
        if self.heard and self.heard[-1][0] == "advance":
            _, before, known = self.heard.pop()
            amount, figures = before + amount, {**known, **figures}
        self._add("advance", amount, {name: float(value) for name, value in figures.items()})

    def note(self, text: str) -> None:
        """Something out of the ordinary."""
        self._add("note", text)

    def look(self, step: int, scores: Mapping[str, float]) -> None:
        """A look at the validation rows, which may end the run: told at once."""
        self._add("look", step, {name: float(value) for name, value in scores.items()})
        self.flush()

    def finish(self) -> None:
        """The piece of work is over."""
        self._add("finish")

    def flush(self) -> None:
        """Send what was heard."""
        if self.heard:
            self.send(self.heard)
        self.heard, self.last = [], time.monotonic()

    def _add(self, *event: Any) -> None:
        self.heard.append(event)
        if time.monotonic() - self.last >= _EVERY:
            self.flush()


class Hearer:
    """Tells a watcher what a training far away tells; what is still open is over when it begins anew elsewhere."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.open = 0

    def hear(self, event: Event) -> None:
        """One event; raises whatever the watcher raises."""
        name, *given = event
        if name == "attempt":
            self.unwind()
        elif name == "start":
            self.open += 1
            self.progress.start(*given)
        elif name == "advance":
            self.progress.advance(given[0], **given[1])
        elif name == "note":
            tell(self.progress, given[0])
        elif name == "finish":
            self.open -= 1
            self.progress.finish()
        elif isinstance(self.progress, Looks):
            self.progress.look(*given)

    def unwind(self) -> None:
        """All that is still open is over."""
        while self.open > 0:
            self.hear(("finish",))


def heard_out(told: SimpleQueue[Event], progress: Progress | None) -> Any:
    """Let a watcher hear a training until it ends; what it ended with. Raises whatever the watcher raises."""
    hearer = Hearer(progress or Silent())
    while (event := told.get())[0] != "end":
        hearer.hear(event)
    hearer.unwind()
    return event[1]


__all__ = ["Event", "Hearer", "Teller", "heard_out"]
