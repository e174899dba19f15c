"""The command line: words in, words or JSON out; all that is done is done by the verbs."""

from __future__ import annotations

import gc
from collections.abc import Sequence

_RARELY = (20_000, 10, 10)  # new objects between looks for garbage: importing makes many, all of them to stay


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 good, 1 the answer is no, 2 wrong use, 3 the run failed.

    Args:
        arguments: words of the command; None takes those of this process, which then serves this command alone, so
            that it need not look for garbage among all that was imported, neither often nor at its end.
    """
    own = arguments is None
    if own:
        gc.set_threshold(*_RARELY)
    from tunebook.cli.entry import run

    code = run(arguments)
    if own:
        gc.freeze()
    return code


__all__ = ["main"]
