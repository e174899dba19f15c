"""The clock of an auto: what was spent, and when to stop."""

from __future__ import annotations

import time
from collections.abc import Callable

from tunebook.core.progress import Progress, Silent, tell


class OutOfTimeError(Exception):
    """The budget does not reach for what comes next; whatever was bought is kept."""


class Meter:
    """Watches the work, passes on what it is told, and ends it where the budget is spent.

    Args:
        before: seconds of earlier calls.
        limit: seconds of all calls.

    Attributes:
        price: seconds of one further run of a test or a promotion; what the rest cannot pay for goes no further.
    """

    def __init__(
        self, progress: Progress | None, before: float, limit: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.inner = progress or Silent()
        self.before, self.limit, self.clock = before, limit, clock
        self.begun = clock()
        self.price = 0.0
        self._works: list[str] = []

    @property
    def spent(self) -> float:
        """Seconds so far, those of earlier calls too."""
        return self.before + self.clock() - self.begun

    @property
    def left(self) -> float:
        """Seconds that are left; below 0 where the budget was overdrawn."""
        return self.limit - self.spent

    def need(self, seconds: float) -> None:
        """See to it that the rest pays for so many seconds.

        Raises:
            OutOfTimeError: it does not.
        """
        if seconds > self.left:
            raise OutOfTimeError

    def start(self, what: str, total: int, done: int = 0) -> None:
        """A piece of work begins.

        Raises:
            OutOfTimeError: it is a run of a test or a promotion, and too long.
        """
        if what == "train" and {"ab", "promote"} & set(self._works):
            self.need(self.price)
        self._works.append(what)
        self.inner.start(what, total, done)

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Some units are done.

        Raises:
            OutOfTimeError: in the middle of a training, which goes on from its checkpoint the next time.
        """
        self.inner.advance(amount, **figures)
        if self._works and self._works[-1] == "train":
            self.need(0.0)

    def note(self, text: str) -> None:
        """Something out of the ordinary."""
        tell(self.inner, text)

    def finish(self) -> None:
        """The piece of work is over."""
        if self._works:
            self._works.pop()
        self.inner.finish()

    def unwind(self) -> None:
        """All that is still open is over, after something was stopped in its middle."""
        while self._works:
            self.finish()


__all__ = ["Meter", "OutOfTimeError"]
