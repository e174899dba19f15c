"""A command of Tunebook as one would type it."""

from __future__ import annotations

import shlex


def command(*words: object) -> str:
    """The command line of these words, quoted for the shell."""
    return shlex.join(["tunebook", *(str(word) for word in words)])


__all__ = ["command"]
