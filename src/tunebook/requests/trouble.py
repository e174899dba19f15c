"""How the request log of a server does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trouble:
    """How the log does.

    Attributes:
        waiting: records not written yet; logged: since the start; spooled: in files, not in the log; kept: in memory
            alone; unlogged: records whose caller was told that they are not durable; lost: of these, those that never
            will be; refused: set aside for what they are, in `refused.jsonl` beside the spool.
        error: code of the last failure, empty while the log has all; durable: the newest records are.
    """

    waiting: int = 0
    logged: int = 0
    spooled: int = 0
    kept: int = 0
    unlogged: int = 0
    lost: int = 0
    refused: int = 0
    error: str = ""
    durable: bool = True


__all__ = ["Trouble"]
