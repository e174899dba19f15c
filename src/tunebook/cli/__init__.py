"""The command line: words in, words or JSON out; all that is done is done by the verbs."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 good, 1 the answer is no, 2 wrong use, 3 the run failed."""
    from tunebook.cli.entry import run

    return run(arguments)


__all__ = ["main"]
