"""Which parts of the rows are worse than the others, where so many parts are tried that some look bad by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.stats.bootstrap import Units

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Array = NDArray[Any]
DRAWS = 1999
_AT_ONCE = 64  # draws that are held at once
_NOTHING = 1e-12


@dataclass(frozen=True)
class Tested:
    """Parts of the rows, each held against the rest.

    Attributes:
        statistic: how much worse a part is, negative where it is better, shape (S,).
        p_value: one-sided and corrected for all parts, shape (S,).
    """

    statistic: Array
    p_value: Array


def parts_of(masks: Array) -> csr_array:
    """Parts as a sparse matrix (S, N), of masks (S, N)."""
    from scipy.sparse import csr_array

    return csr_array(np.asarray(masks, dtype=bool)).astype(np.float64)


def worse_parts(parts: csr_array, mass: Array, units: Units, draws: int = DRAWS, seed: int = 0) -> Tested:
    """Test whether the rows of each part have more error mass than all other rows.

    The p-values are those of the step-down maximum: a part is held against the largest statistic, in rows whose mass
    was dealt out anew, of all parts that are not worse than it is. So parts that overlap, as most do, cost no more than
    they must, and the probability that any part is named wrongly is what the p-value says.

    Rows that were drawn one by one are permuted; the statistic is the signed root of the likelihood ratio of two
    shares, so that small parts do not decide the maximum as they would by a difference over its deviation. Of rows in
    groups whole groups change the sign of what they add to a part: its sum over the root of the squares, so that a part
    of one group alone proves nothing.

    Source: Westfall and Young, Resampling-based multiple testing, 1993, algorithm 2.8.

    Args:
        parts: which rows are in each part, shape (S, N); mass: of each row, from 0 to 1, shape (N,).
    """
    rng = np.random.default_rng(seed)
    if not parts.shape[0] or not len(mass):
        return Tested(np.zeros(parts.shape[0]), np.ones(parts.shape[0]))
    law = _Permuted(parts, mass) if units.codes is None else _Flipped.of(parts, mass, units)
    seen = law.seen()
    order = np.argsort(-seen, kind="stable")
    beyond = np.zeros(len(seen))
    left = draws
    while left:
        count = min(left, _AT_ONCE)
        drawn = law.drawn(rng, count)[order]
        largest = np.maximum.accumulate(drawn[::-1], axis=0)[::-1]
        beyond += (largest >= seen[order][:, None] - 1e-9).sum(1)
        left -= count
    p_value = np.empty(len(seen))
    p_value[order] = np.maximum.accumulate((beyond + 1) / (draws + 1))
    return Tested(seen, p_value)


@dataclass(frozen=True)
class _Permuted:
    """Mass that is dealt out to single rows."""

    parts: csr_array
    mass: Array

    def seen(self) -> Array:
        return self._of(self.mass[:, None])[:, 0]

    def drawn(self, rng: np.random.Generator, count: int) -> Array:
        return self._of(rng.permuted(np.repeat(self.mass[:, None], count, axis=1), axis=0))

    def _of(self, masses: Array) -> Array:
        sizes = np.asarray(self.parts.sum(1)).reshape(-1, 1)
        return root_ratio(self.parts @ masses, sizes, float(self.mass.sum()), float(len(self.mass)))


def root_ratio(hits: Array, sizes: Array, all_hits: Array | float, rows: float) -> Array:
    """Signed root of twice the log of a likelihood ratio: one share of all rows against two, of a part and the rest."""
    share = all_hits / rows
    inside = hits / np.maximum(sizes, 1)
    outside = (all_hits - hits) / np.maximum(rows - sizes, 1)
    ratio = sizes * _divergence(inside, share) + (rows - sizes) * _divergence(outside, share)
    return np.asarray(np.sign(inside - outside) * np.sqrt(2 * np.maximum(ratio, 0)))


def _divergence(share: Array, other: Array | float) -> Array:
    """Of Kullback and Leibler, of two coins."""
    share, other = np.clip(share, 0, 1), np.clip(other, _NOTHING, 1 - _NOTHING)
    yes = share * np.log(np.maximum(share, _NOTHING) / other)
    no = (1 - share) * np.log(np.maximum(1 - share, _NOTHING) / (1 - other))
    return np.asarray(yes + no)


@dataclass(frozen=True)
class _Flipped:
    """What groups of rows add to each part, (S, G) over the root of the sum of its squares."""

    adds: Array

    @classmethod
    def of(cls, parts: csr_array, mass: Array, units: Units) -> _Flipped:
        assert units.codes is not None
        from scipy.sparse import csr_array

        rows = len(mass)
        groups = csr_array((mass - mass.mean(), (np.arange(rows), units.codes)), shape=(rows, units.count))
        adds = (parts @ groups).toarray()
        return cls(adds / np.sqrt(np.maximum((adds**2).sum(1, keepdims=True), _NOTHING)))

    def seen(self) -> Array:
        return np.asarray(self.adds.sum(1))

    def drawn(self, rng: np.random.Generator, count: int) -> Array:
        return np.asarray(self.adds @ rng.choice([-1.0, 1.0], size=(self.adds.shape[1], count)))


__all__ = ["DRAWS", "Tested", "parts_of", "root_ratio", "worse_parts"]
