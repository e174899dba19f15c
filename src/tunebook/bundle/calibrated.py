"""How outputs are read that were calibrated: a temperature, thresholds or costs, and from which score on one is sure.

The same for a run's model and for a bundle, whose bundle.json holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.links import sigmoid

Array = NDArray[Any]
DECODING = "calibration"  # in bundle.json
UNSURE = "unsure"  # note of an answer
_EDGE = 1e-7  # of probabilities, whose logarithm is asked for


@dataclass(frozen=True)
class Calibrated:
    """What a model's calibration says.

    Attributes:
        temperature: that logits are divided by.
        thresholds: class -> probability from which on it is given; of one class a row there is one, and where it is not
            reached the other class of two is given. Classes that are not named keep theirs.
        names, costs: of all classes in their order, and what it costs to say one (column) where another is true; the
            class of the least expected cost is given. Empty where nobody says.
        sure: score from which on an answer is sure; None where nobody says.
    """

    temperature: float = 1.0
    thresholds: Mapping[str, float] = field(default_factory=dict)
    names: Sequence[str] = ()
    costs: Sequence[Sequence[float]] = ()
    sure: float | None = None

    @classmethod
    def of(cls, facts: Mapping[str, Any] | None) -> Calibrated:
        """From what a bundle says of it; nothing is changed where it says nothing."""
        return cls(**(facts or {}))

    @property
    def facts(self) -> dict[str, Any]:
        """The same for a bundle."""
        found = {
            "temperature": self.temperature,
            "thresholds": dict(self.thresholds),
            "names": list(self.names),
            "costs": [list(row) for row in self.costs],
        }
        return {**found, "sure": self.sure}

    def logits(self, logits: Array) -> Array:
        """Outputs of a head at the temperature."""
        return logits if self.temperature == 1 else logits / self.temperature

    def chances(self, scores: Array) -> Array:
        """Probabilities of something being so, any shape, at the temperature."""
        return scores if self.temperature == 1 else np.asarray(sigmoid(log_odds(scores) / self.temperature))

    def told(self, answer: dict[str, Any]) -> dict[str, Any]:
        """An answer as it is given: by thresholds or costs, and with the note `unsure` where its score is too low.

        Args:
            answer: `label`, `score` and `scores` of all classes; or a list of parts first, each with its `score`.
        """
        scores = answer.get("scores") or {}
        if scores and (self.thresholds or self.costs):
            answer = {**answer, **self._given(scores, answer["label"])}
        return {**answer, "notes": [UNSURE]} if self.unsure(answer) else answer

    def unsure(self, answer: Mapping[str, Any]) -> bool:
        """Whether the score of an answer, or of one of the parts that it is a list of, is too low."""
        if self.sure is None:
            return False
        known = [answer["score"]] if "score" in answer else [part["score"] for part in next(iter(answer.values()))]
        return any(score is not None and score < self.sure for score in known)

    def _given(self, scores: Mapping[str, float], label: Any) -> dict[str, Any]:
        """What is given by thresholds or costs in place of the label of the highest score."""
        if isinstance(label, list):
            return {"label": [name for name, score in scores.items() if self._reaches(name, score)]}
        if self.costs:
            expected = np.array([scores[name] for name in self.names]) @ np.asarray(self.costs)
            chosen = self.names[int(expected.argmin())]
        else:
            ((name, least),) = self.thresholds.items()
            other = next(one for one in scores if one != name)
            chosen = name if scores[name] >= least else other
        return {"label": chosen, "score": scores[chosen]}

    def _reaches(self, name: str, score: float) -> bool:
        return score >= self.thresholds[name] if name in self.thresholds else score > 0.5


def log_odds(scores: Array) -> Array:
    """Logits of probabilities; those of 0 and 1 are finite."""
    inside = np.clip(np.asarray(scores, dtype=np.float64), _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


__all__ = ["DECODING", "UNSURE", "Calibrated", "log_odds"]
