"""Promotions under a gate that asked for less than before: allowed, and told for good."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from pydantic import ValidationError

from tunebook.core.verdict import Gate
from tunebook.knowledge.log import Entry


def loosened(entries: Iterable[Entry]) -> dict[int, list[str]]:
    """Rows of the gate in which promotions were asked for less than the defaults ask, or than any promotion before.

    Args:
        entries: of the log, from its beginning.

    Returns:
        Number of the entry -> rows; without the promotions that there is nothing to say of.
    """
    found: dict[int, list[str]] = {}
    before: list[Gate] = []
    for entry in entries:
        if entry.action == "promote" and "gate" in entry.evidence:
            with suppress(ValidationError, TypeError):
                gate = Gate(**entry.evidence["gate"])
                usual = Gate(metric=gate.metric, delta_kind=gate.delta_kind)
                rows = dict.fromkeys(row for than in (usual, *before) for row in gate.looser(than))
                before.append(gate)
                if rows:
                    found[entry.number] = list(rows)
    return found


__all__ = ["loosened"]
