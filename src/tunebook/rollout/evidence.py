"""One thing that speaks for or against a new model, and all that speaks of a rollout at one look."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

Stops = Literal["abort", "hold", ""]
_MOST = 700.0  # larger logarithms have no exponential


@dataclass(frozen=True)
class Evidence:
    """What is known of one thing.

    Attributes:
        name: `errors`, `latency`, ... or that of a column of feedback.
        log_e: logarithm of the e-value against "nothing is wrong here" (of what is `better`: against "it is no
            better"); None where it is only told.
        limit: e-value from which on it counts.
        stops: what it does then: ends the rollout, holds it, or nothing.
        champion, challenger: mean of either; n: so many requests or units of the challenger were weighed.
        low, high: ends of an interval for their difference, where there is one.
        strange: values that could not be weighed.
    """

    name: str
    log_e: float | None = None
    limit: float = math.inf
    stops: Stops = ""
    champion: float | None = None
    challenger: float | None = None
    n: int = 0
    low: float | None = None
    high: float | None = None
    strange: int = 0

    @property
    def e_value(self) -> float | None:
        """The evidence; at most e to the 700th."""
        return None if self.log_e is None else math.exp(min(self.log_e, _MOST))

    @property
    def reached(self) -> bool:
        """Whether it counts."""
        return self.log_e is not None and self.log_e >= math.log(self.limit)

    @property
    def ok(self) -> bool:
        """Whether it lets the rollout go on."""
        return not self.strange and not (self.stops and self.reached)

    def to_json(self) -> dict[str, Any]:
        """For the log and for `--json`."""
        told = {"name": self.name, "e_value": self.e_value, "ok": self.ok, "reached": self.reached}
        limit = self.limit if math.isfinite(self.limit) else None
        rest = {"champion": self.champion, "challenger": self.challenger, "low": self.low, "high": self.high}
        known = {name: value for name, value in rest.items() if value is not None and math.isfinite(value)}
        strange = {"strange": self.strange} if self.strange else {}
        return {**told, "limit": limit, "stops": self.stops or None, "n": self.n, **known, **strange}


__all__ = ["Evidence", "Stops"]
