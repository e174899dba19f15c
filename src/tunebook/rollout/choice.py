"""Which version answers a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Choice:
    """Which version answers, and which one beside it without being heard.

    Attributes:
        version: id of the run whose answer is given; role: in the rollout.
        shadow: id of the run that answers too, for comparison; None for none.
        stage: of the rollout, from 1; 0 while there is none. unit: the key that was drawn by, hexadecimal.
    """

    version: str
    role: Literal["champion", "challenger"]
    shadow: str | None
    stage: int
    unit: str


class Router(Protocol):
    """Chooses; always the same for the same key at the same stage, and once a key has the challenger it keeps it at
    larger shares."""

    def choose(self, key: str) -> Choice:
        """For a user or, where none is named, a request."""

    @property
    def versions(self) -> tuple[str, ...]:
        """Ids of the runs that have to be in memory, the one in force first."""


__all__ = ["Choice", "Router"]
