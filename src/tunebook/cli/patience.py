"""A word while a command gets ready: importing a library can take seconds, and silence reads as a fault."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

from tunebook.core.messages import say

SECONDS = 0.35  # without a word, counted from the start of the command
_waiting: list[Timer] = []


@contextmanager
def patience() -> Iterator[None]:
    """Inside, a line goes to stderr where nothing else was said in time."""
    timer = Timer(SECONDS, _speak)
    timer.daemon = True
    _waiting.append(timer)
    timer.start()
    try:
        yield
    finally:
        heard()


def heard() -> None:
    """Something was said, or is about to be."""
    while _waiting:
        _waiting.pop().cancel()


def _speak() -> None:
    try:
        sys.stderr.write(say("cli.loading") + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody listens
        return


__all__ = ["heard", "patience"]
