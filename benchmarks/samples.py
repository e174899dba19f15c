"""Simulated answers of one model, for the claim COVERAGE: samples of which the true scores are known.

    logits = heat * (sep * (sep * [true class] + noise) + log share of the class),   noise normal, of variance 1

A heat of 1 is a calibrated model, 2 an overconfident one. Rows of a group share a part of their noise, and half of them
have the label of their group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_SHARED, _SAME_LABEL = 0.3, 0.5


@dataclass(frozen=True)
class Population:
    """What samples are drawn of.

    Attributes:
        kind: single_label, multi_label, regression or ordinal.
        shares: of the classes; of several labels a row, how often each is there.
        sep: how far the classes are apart.
        heat: of the logits.
        group: rows of a group; 1 for rows by themselves.
    """

    kind: str
    shares: tuple[float, ...]
    sep: float
    heat: float = 1.0
    group: int = 1

    def draw(self, rows: int, rng: np.random.Generator) -> tuple[Array, Array, Array | None]:
        """Logits, targets and groups of so many rows."""
        codes = np.arange(rows) // self.group
        if self.kind == "single_label":
            logits, targets = self._single(codes, rng)
        elif self.kind == "multi_label":
            logits, targets = self._several(codes, rng)
        else:
            logits, targets = self._number(codes, rng)
        return logits, targets, codes if self.group > 1 else None

    def _single(self, codes: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        classes = len(self.shares)
        targets = rng.choice(classes, size=len(codes), p=self.shares)
        if self.group > 1:
            own = rng.choice(classes, size=codes[-1] + 1, p=self.shares)
            targets = np.where(rng.random(len(codes)) < _SAME_LABEL, own[codes], targets)
        noise = self._noise(codes, classes, rng)
        noise[np.arange(len(codes)), targets] += self.sep
        return self.heat * (self.sep * noise + np.log(self.shares)), targets

    def _several(self, codes: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        shares = np.array(self.shares)
        targets = rng.random((len(codes), len(shares))) < shares
        noise = self._noise(codes, len(shares), rng)
        evidence = self.sep * (noise + self.sep * (targets - 0.5))
        return self.heat * (evidence + np.log(shares / (1 - shares))), targets

    def _number(self, codes: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        true = rng.normal(size=len(codes))
        if self.group > 1:
            true = np.sqrt(_SHARED) * rng.normal(size=codes[-1] + 1)[codes] + np.sqrt(1 - _SHARED) * true
        seen = true + self._noise(codes, 1, rng)[:, 0] / self.sep
        if self.kind == "regression":
            return seen[:, None], true
        edges = np.cumsum(self.shares)[:-1]
        levels = np.searchsorted(np.quantile(_NORMAL, edges), true)
        middle = len(self.shares) / 2
        return (middle - 0.5 + seen * middle / 2)[:, None], levels

    def _noise(self, codes: Array, width: int, rng: np.random.Generator) -> Array:
        own = rng.normal(size=(len(codes), width))
        if self.group == 1:
            return own
        return np.sqrt(_SHARED) * rng.normal(size=(codes[-1] + 1, width))[codes] + np.sqrt(1 - _SHARED) * own


_NORMAL = np.random.default_rng(0).normal(size=100_000)


def even(classes: int) -> tuple[float, ...]:
    """Classes of one size."""
    return (1 / classes,) * classes


def steep(classes: int) -> tuple[float, ...]:
    """Classes of which the k-th has 1 / k of the first one's rows."""
    sizes = 1 / np.arange(1, classes + 1)
    return tuple((sizes / sizes.sum()).tolist())


__all__ = ["Population", "even", "steep"]
