"""What an auto came to, for people and machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunebook.core.nouns import Record
from tunebook.core.verdict import Guardrail, Verdict
from tunebook.verbs.racing.state import AutoState, Candidate

PROVEN = ("STRONG", "PROMOTE")  # verdicts of a gain that is proven


class AutoResult(Record):
    """Where an auto stands: at its end, or where its budget was spent.

    Attributes:
        auto: its id; `path` its folder in the book.
        champion: version in force now; `before` the one that was raced against.
        minutes: the budget.
        rows: validation rows, which the race is judged by.
        verdict: of the gate's test; None where there was none.
    """

    auto: str
    state: AutoState
    champion: int
    before: int
    minutes: float
    rows: int
    verdict: Verdict | None = None
    path: Path

    @property
    def promoted(self) -> bool:
        """Whether it proved a better table, which is the champion now."""
        return self.state.ended == "promoted"

    @property
    def broken(self) -> list[Guardrail]:
        """The guardrails that alone keep a proven gain from passing; empty where the gain is not proven."""
        if self.state.ended != "not_passed" or self.verdict is None or self.verdict.verdict not in PROVEN:
            return []
        return [guard for guard in self.verdict.guardrails if not guard.held]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        state, baseline = self.state, self.state.best_baseline
        found = None
        if baseline is not None:
            found = {**baseline.model_dump(mode="json"), "better": baseline.better, "surely": baseline.surely}
        return {
            "auto": self.auto,
            "champion": f"v{self.champion}",
            "before": f"v{self.before}",
            "promoted": self.promoted,
            "ended": state.ended or "budget",
            "reason": str(state.reason),
            "finalist": f"v{state.version}" if state.version else None,
            "test": state.test or None,
            "verdict": state.verdict or None,
            "broken": [guard.model_dump(mode="json") for guard in self.broken],
            "spent": {"seconds": state.seconds, "runs": state.bought},
            "budget": {"seconds": self.minutes * 60, "needed": state.needed},
            "candidates": [_told(item) for item in state.candidates],
            "best_baseline": found,
            "best_of_n": state.luck.model_dump(mode="json") if state.luck else None,
            "path": str(self.path),
        }


def _told(item: Candidate) -> dict[str, Any]:
    """A candidate without its table."""
    mean = item.mean() if item.scores else None
    return {**item.model_dump(mode="json", exclude={"table", "seconds"}), "seeds": len(item.scores), "mean": mean}


__all__ = ["AutoResult"]
