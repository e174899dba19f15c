"""Whether two samples may come from one source: tests of numbers, of categories and of vectors, and the PSI.

Every p-value here holds for samples of any size, or errs on the safe side: alarms are raised far in the tail, where a
limit theorem says nothing of a window of some hundred rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_MOST = 20  # categories that are tested one by one; the rest is one more
_TENTHS = 10
_CHUNK = 4096  # permutations that are drawn at once
_ENOUGH = 10  # of them as far out as what was seen, before the last one: the p-value is then known well enough


@dataclass(frozen=True)
class Compared:
    """What a test found.

    Attributes:
        statistic: its size, of the kind that the test names; p_value: 1 where there was nothing to test.
        where: of categories the place of the one that differs most; -1 for none.
    """

    statistic: float
    p_value: float
    where: int = -1


NOTHING = Compared(0.0, 1.0)


def numbers(old: Array, new: Array) -> Compared:
    """The test of Kolmogorov and Smirnov: the largest distance of the two cumulative shares of numbers, (N,) and (M,).

    NaN says nothing and is left out. Exact as long as there are no ties, and on the safe side with them.
    """
    from scipy.stats import ks_2samp

    old, new = (np.asarray(values, dtype=np.float64) for values in (old, new))
    old, new = old[~np.isnan(old)], new[~np.isnan(new)]
    if not len(old) or not len(new) or min(old.min(), new.min()) == max(old.max(), new.max()):
        return NOTHING
    found = ks_2samp(old, new, method="exact" if max(len(old), len(new)) <= 10_000 else "asymp")
    return Compared(float(found.statistic), min(1.0, float(found.pvalue)))


def categories(old: Array, new: Array) -> Compared:
    """Fisher's exact test of each category's share, with Bonferroni's correction over the categories.

    The statistic is the total variation, half the sum of the differences of shares. A chi-squared test would need some
    five rows a category, and its tail is not to be trusted at one in a million; this one is exact there.

    Args:
        old, new: how often each category was seen, shape (C,).
    """
    from scipy.stats import hypergeom

    old, new = np.asarray(old, dtype=np.int64), np.asarray(new, dtype=np.int64)
    rows, told = int(old.sum()), int(new.sum())
    both = old + new
    if not rows or not told or (both > 0).sum() < 2:
        return NOTHING
    apart = float(np.abs(old / rows - new / told).sum() / 2)
    order = np.argsort(-both, kind="stable")  # by the pooled counts, which do not know which sample is which
    order = order[both[order] > 0]
    first = order[:_MOST]
    seen, all_ = new[first], both[first]
    if len(order) > _MOST:
        seen, all_ = np.append(seen, new[order[_MOST:]].sum()), np.append(all_, both[order[_MOST:]].sum())
    law = hypergeom(rows + told, all_, told)
    tail = np.minimum(law.cdf(seen), law.sf(seen - 1))
    each = np.minimum(1.0, 2 * tail)
    count = 1 if len(seen) == 2 else len(seen)  # of two categories one says all of the other
    best = int(np.argmin(each))
    where = int(first[best]) if best < len(first) else -1
    return Compared(apart, float(min(1.0, count * each[best])), where)


def stability(old: Array, new: Array) -> float:
    """Population stability index of numbers (N,) and (M,): over tenths of the old ones, half a row added to each.

    .1 and .25 are often quoted as its limits; with few rows it is large by chance alone, so that no alarm rests on it.
    NaN where one of them has no numbers.
    """
    old, new = (values[~np.isnan(values)] for values in (np.asarray(old, float), np.asarray(new, float)))
    if not len(old) or not len(new):
        return float("nan")
    edges = np.unique(np.quantile(old, np.linspace(0, 1, _TENTHS + 1)[1:-1]))
    places = [np.searchsorted(edges, values, side="right") for values in (old, new)]
    return shares_stability(*(np.bincount(place, minlength=len(edges) + 1) for place in places))


def shares_stability(old: Array, new: Array) -> float:
    """The same of counts of categories, (C,) each."""
    if not old.sum() or not new.sum():
        return float("nan")
    before, now = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (old, new))
    return float(((now - before) * np.log(now / before)).sum())


def mmd(old: Array, new: Array, rng: np.random.Generator, most: int = 9_999, enough: int = _ENOUGH) -> Compared:
    """The unbiased squared maximum mean discrepancy of vectors (N, D) and (M, D), and its p-value by permutation.

    The kernel is exp(-d² / (2 m)), m the median of the squared distances of all vectors, which does not know which
    sample is which. Permutations are drawn until `enough` are as far out as what was seen, or `most` are drawn; both
    ways the p-value is valid (Besag and Clifford, Sequential Monte Carlo p-values, 1991).

    Source: Gretton et al., A kernel two-sample test, 2012, its unbiased estimate MMD²_u.
    """
    return _drawn([(np.asarray(old, np.float64), np.asarray(new, np.float64))], rng, most, enough)


def mmd_blocks(old: Array, new: Array, rng: np.random.Generator, block: int = 100, most: int = 9_999) -> Compared:
    """The mean of the same over blocks of `block` rows of each sample, which takes time in proportion to the rows.

    Rows are permuted inside their blocks only. Of the larger sample only as many rows count as the blocks hold.

    Source: Zaremba, Gretton and Blaschko, B-tests, 2013; their p-value is that of a normal limit, this one is exact.
    """
    count = max(1, min(len(old), len(new)) // block)
    parts = (np.array_split(rng.permutation(len(sample)), count) for sample in (old, new))
    found = [
        (np.asarray(old[one], np.float64), np.asarray(new[other], np.float64))
        for one, other in zip(*parts, strict=True)
    ]
    return _drawn(found, rng, most, _ENOUGH)


def mmd_linear(old: Array, new: Array, rng: np.random.Generator) -> Compared:
    """The linear-time estimate MMD²_l of pairs of rows, each row used once, and a p-value that holds in the far tail.

    Exchanging two rows of a pair changes the sign of its part and nothing else, so that under one source the signs are
    fair coins; a sum of such exceeds t times the root of its squares with a probability of exp(-t² / 2) at most.

    Source: Gretton et al. 2012, section 6; Hoeffding 1963 for the bound.
    """
    half = min(len(old), len(new)) // 2
    if half < 1:
        return NOTHING
    one, other = (np.asarray(part[rng.permutation(len(part))[: 2 * half]], np.float64) for part in (old, new))
    width = _median(_squared(one[:500], other[:500]))
    (x, y), (u, v) = (one[:half], one[half:]), (other[:half], other[half:])
    near = [np.exp(-((a - b) ** 2).sum(1) / (2 * width)) for a, b in ((x, y), (u, v), (x, v), (y, u))]
    parts = near[0] + near[1] - near[2] - near[3]
    root = float(np.sqrt((parts**2).sum()))
    t = parts.sum() / root if root > 0 else 0.0
    return Compared(float(parts.mean()), float(np.exp(-(t**2) / 2)) if t > 0 else 1.0)


def _drawn(blocks: list[tuple[Array, Array]], rng: np.random.Generator, most: int, enough: int) -> Compared:
    """The mean over blocks, and its p-value by permutation inside them."""
    blocks = [(old, new) for old, new in blocks if len(old) > 1 and len(new) > 1]
    if not blocks:
        return NOTHING
    asked = [_Block.of(old, new) for old, new in blocks]
    seen = float(np.mean([block.seen() for block in asked]))
    limit = seen - 1e-6  # the same split, summed in another order, in float32
    out = drawn = 0
    while drawn < most:
        size = min(_CHUNK if drawn else 256, most - drawn)
        means = np.mean([block.permuted(size, rng) for block in asked], axis=0)
        beyond = np.cumsum(means >= limit)
        if out + beyond[-1] >= enough:
            last = int(np.searchsorted(beyond, enough - out)) + 1
            return Compared(seen, enough / (drawn + last))
        out, drawn = out + int(beyond[-1]), drawn + size
    return Compared(seen, (out + 1) / (drawn + 1))


@dataclass(frozen=True)
class _Block:
    """The kernel of all rows of a block without its diagonal, float32, the new ones last."""

    kernel: Array
    old: int
    new: int

    @classmethod
    def of(cls, old: Array, new: Array) -> _Block:
        both = np.concatenate([old, new])
        far = _squared(both, both)
        kernel = np.exp(-far / (2 * _median(far[np.triu_indices(len(both), 1)])))
        np.fill_diagonal(kernel, 0.0)
        return cls(kernel.astype(np.float32), len(old), len(new))

    def seen(self) -> float:
        """Of the rows as they came."""
        new = np.zeros((self.old + self.new, 1), np.float32)
        new[self.old :] = 1
        return float(self._mean(new)[0])

    def permuted(self, size: int, rng: np.random.Generator) -> Array:
        """Of so many random splits, shape (size,)."""
        order = rng.random((size, self.old + self.new), dtype=np.float32).argpartition(self.new - 1, axis=1)
        new = np.zeros((size, self.old + self.new), np.float32)
        np.put_along_axis(new, order[:, : self.new], 1.0, axis=1)
        return self._mean(new.T)

    def _mean(self, new: Array) -> Array:
        """MMD²_u of each column that says which rows are new."""
        asked = self.kernel @ new
        among = np.einsum("ij,ij->j", asked, new, dtype=np.float64)
        touched = asked.sum(0, dtype=np.float64)  # new with all
        total = float(self.kernel.sum(dtype=np.float64))
        across, rest = touched - among, total - 2 * touched + among
        m, n = self.new, self.old
        return np.asarray(among / (m * (m - 1)) + rest / (n * (n - 1)) - 2 * across / (m * n))


def _squared(old: Array, new: Array) -> Array:
    """Squared distances, shape (N, M)."""
    found = (old**2).sum(1)[:, None] + (new**2).sum(1)[None, :] - 2 * old @ new.T
    return np.asarray(np.maximum(found, 0.0))


def _median(far: Array) -> float:
    middle = float(np.median(far))
    return middle if middle > 0 else float(far.mean()) or 1.0


Score = Callable[[Array, Array, Array], Array]


def classifier_test(old: Array, new: Array, rng: np.random.Generator, fit: Score | None = None) -> Compared:
    """How well a classifier tells the new vectors (M, D) from the old ones (N, D), on rows that it was not trained on.

    Each half of the rows is judged by a logistic regression trained on the other half. In a half, ranks of old and new
    rows by its scores are exchangeable if both have one source: the p-value is that of the rank-sum test, one-sided and
    with ties. The halves are not independent, so that it is twice the smaller one. The statistic is the mean AUC, .5
    where nothing can be told apart.

    Source: Lopez-Paz and Oquab, Revisiting classifier two-sample tests, 2017.

    Args:
        fit: (vectors, whether each is new, vectors to judge) -> scores; the logistic regression where nothing is given.
    """
    from scipy.stats import mannwhitneyu

    if min(len(old), len(new)) < 4:
        return Compared(0.5, 1.0)
    vectors = np.concatenate([old, new])
    is_new = np.arange(len(vectors)) >= len(old)
    half = np.zeros(len(vectors), dtype=np.int64)
    for rows in (np.flatnonzero(~is_new), np.flatnonzero(is_new)):
        half[rng.permutation(rows)[::2]] = 1
    areas, tails = [], []
    for judged in (0, 1):
        learnt = half != judged
        said = (fit or _logistic)(vectors[learnt], is_new[learnt], vectors[~learnt])
        scores = np.asarray(said, np.float64)  # of float32 ones scipy gives a p-value in float32, which ends at 1e-45
        told = is_new[~learnt]
        with np.errstate(invalid="ignore", divide="ignore"):  # all scores alike
            found = mannwhitneyu(scores[told], scores[~told], alternative="greater", method="asymptotic")
        areas.append(float(found.statistic) / (int(told.sum()) * int((~told).sum())))
        tails.append(1.0 if np.isnan(found.pvalue) else float(found.pvalue))
    return Compared(float(np.mean(areas)), min(1.0, 2 * min(tails)))


def _logistic(vectors: Array, is_new: Array, judged: Array) -> Array:
    from sklearn.linear_model import LogisticRegression

    middle, spread = vectors.mean(0), vectors.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    model = LogisticRegression(C=0.01, class_weight="balanced", max_iter=200)
    model.fit((vectors - middle) / spread, is_new)
    return np.asarray(model.decision_function((judged - middle) / spread))


__all__ = [
    "NOTHING",
    "Compared",
    "categories",
    "classifier_test",
    "mmd",
    "mmd_blocks",
    "mmd_linear",
    "numbers",
    "shares_stability",
    "stability",
]
