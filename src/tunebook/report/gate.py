"""The gate of a book in words: what a test has to show before a version is promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunebook.core.formatting import listed, metric_name
from tunebook.core.messages import say

if TYPE_CHECKING:
    from tunebook.core.verdict import Gate
    from tunebook.verbs.abtest.ab_plan import ABPlan


def gate_facts(gate: Gate) -> list[tuple[str, str]]:
    """What the section `[gate]` of a book says, and what holds where it says nothing."""
    guards = [f"{name}={margin if margin == 'off' else f'{100 * margin:g}pt'}" for name, margin in gate.guard.items()]
    found = [
        (say("fields.ab_metric"), metric_name(gate.metric)),
        (say("fields.ab_seeds"), str(gate.seeds)),
        (say("fields.ab_looks"), listed(map(str, gate.looks))),
        (say("fields.ab_delta"), typed_delta(gate)),
        (say("fields.ab_alpha"), f"{gate.alpha:g}"),
        (say("fields.ab_guard"), listed(guards)),
        (say("fields.ab_challenge"), listed(gate.challenges)),
        (say("gate.rating"), gate.rating.question if gate.rating else ""),
        (say("gate.openings"), str(gate.openings)),
    ]
    return [(name, text) for name, text in found if text]


def typed_delta(gate: Gate | ABPlan) -> str:
    """The least gain as one types it."""
    return f"{100 * gate.delta:g}{'%' if gate.delta_kind == 'relative' else 'pt'}"


__all__ = ["gate_facts", "typed_delta"]
