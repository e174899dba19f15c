"""All that the gates of a rollout look at, read once; and the bet that most of them make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tunebook.core.nouns import Labels
from tunebook.core.operation import Rolling
from tunebook.requests.log import RequestLog
from tunebook.rollout.evidence import Evidence
from tunebook.rollout.rows import Bools, Floats, Rows, rows_of
from tunebook.rollout.state import State
from tunebook.rollout.streams import Draws, Measured, drawn, draws_of, in_shadow, measured, once, paired
from tunebook.stats.e_process import log_e, log_wealths


@dataclass(frozen=True)
class Seen:
    """One look at a rollout.

    Attributes:
        log: where feedback is read; now: until when; begun: since when.
        labels: what the model answers with.
        shadow: rows at which both answer; draws: how the others came to their arm.
    """

    log: RequestLog
    begun: float
    now: float
    rules: Rolling
    labels: Labels
    rows: Rows
    shadow: Bools
    draws: Draws

    @property
    def gates(self) -> int:
        """How many share alpha: as many at every look of a rollout, so nothing that is seen changes it."""
        return 5 + bool(self.rules.metric) + len(self.rules.may_fall) + len(self.rules.may_rise)

    @property
    def alone(self) -> Bools:
        """Rows of a stage that the two do not share."""
        found: Bools = ~self.shadow & ~self.draws.served
        return found

    @property
    def alpha(self) -> float:
        """Chance of a false alarm of each gate."""
        return self.rules.alpha / self.gates

    def parts(self, value: Floats, at: Floats, *, every: bool = False) -> tuple[Measured, Measured]:
        """Requests in shadow, and those that were drawn, as far as the value is known.

        Args:
            every: each request that was drawn counts, and not the first of its unit alone.
        """
        served = measured(self.rows, value, at, self.draws.served)
        return measured(self.rows, value, at, self.shadow), served if every else once(served, self.draws)

    def harm(self, name: str, margin: float, shadow: Measured, served: Measured) -> Evidence:
        """Evidence against "of the new one it is at most `margin` more", in pairs and in two arms together.

        The hypothesis is the same at all stages, so what was bet on earlier ones stays in the game.
        """
        wealth = log_wealths(paired(self.rows, shadow).apart, -1.0, margin)
        wealth = wealth + log_wealths(*drawn(served, self.rows, self.draws), margin)
        return Evidence(name, log_e(wealth), 1 / self.alpha, "abort", *means(self.rows, shadow, served))


def means(rows: Rows, *parts: Measured) -> tuple[float | None, float | None, int]:
    """Mean of either, and number of requests of the new one, as `Evidence` takes them."""
    value = np.concatenate([part.value for part in parts])
    new = rows.new[np.concatenate([part.place for part in parts])]
    of_old, of_new = (float(value[of].mean()) if of.any() else None for of in (~new, new))
    return of_old, of_new, int(new.sum())


def seen(log: RequestLog, state: State, labels: Labels, now: float) -> Seen:
    """Read what there is of a rollout that is on."""
    rows, stages = rows_of(log, state, now), state.rules.stages
    shadow, draws = in_shadow(rows, stages), draws_of(rows, stages)
    return Seen(log, state.begun, now, state.rules, labels, rows, shadow, draws)


__all__ = ["Seen", "means", "seen"]
