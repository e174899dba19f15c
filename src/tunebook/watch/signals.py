"""What is compared of new rows and old ones: one signal a figure, each with a p-value of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tunebook.core.nouns import Record
from tunebook.stats.two_sample import (
    Compared,
    categories,
    classifier_test,
    mmd,
    mmd_blocks,
    numbers,
    shares_stability,
    stability,
)
from tunebook.watch.reference import Reference
from tunebook.watch.rows import Watched

Array = NDArray[Any]
Kind = Literal["mmd", "auc", "ks", "share"]
LEAST = 20  # rows of which a figure must be known, on either side
_FEW, _BLOCK, _JUDGED = 250, 100, 2000  # rows a side of one kernel; of a block; and at most of what is learnt
_PERMUTATIONS, _OTHERS = 99_999, 26  # at most; and twice the signals that share the error of a look
_BINS = 24


class Shown(Record):
    """A distribution, old and new: shares of numbers between `edges`, or of the categories `names`."""

    edges: list[float] = Field(default_factory=list)
    names: list[str] = Field(default_factory=list)
    old: list[float] = Field(default_factory=list)
    new: list[float] = Field(default_factory=list)


class Signal(Record):
    """One figure of a look.

    Attributes:
        name: such as `input.classifier`, `answer.label`.
        kind: of its test: the statistic is MMD²_u, an AUC, a distance of Kolmogorov and Smirnov, or a total variation.
        alarm: it is raised at this look; bound: p-value below which it would have been, were it the smallest.
        psi: population stability index, NaN of vectors; it raises no alarm.
        old, new: mean, or share of the category `where`; rows: of the new ones that were told.
    """

    name: str
    kind: Kind
    statistic: float
    p_value: float
    alarm: bool = False
    psi: float = float("nan")
    old: float = float("nan")
    new: float = float("nan")
    where: str = ""
    rows: int = 0
    shown: Shown = Field(default_factory=Shown)


def signals(old: Reference, new: Watched, labelled: Watched, seed: int = 0, alpha: float = 0.0) -> list[Signal]:
    """All that can be compared: of a figure that nobody knows, or too few rows have, there is no signal.

    Args:
        old: what they are held against; new: the rows of a window; labelled: rows whose true labels came.
        seed: of the rows and permutations that are drawn.
        alpha: that the look may spend: no more permutations are drawn than an alarm takes.
    """
    rng = np.random.default_rng(seed)
    asked, answered, once = old.inputs, old.answered, new.once()
    found = [*_vectors(asked, once, rng, alpha)]
    for name in ("characters", "tokens", "unknown"):
        found += _number(f"input.{name}", getattr(asked, name), getattr(once, name))
    found += _share("input.cut", _flags(asked.cut), _flags(once.cut))
    found += _share("input.language", asked.language, once.language)
    if old.numeric:
        found += _number("answer.label", _read(answered.label), _read(new.label))
        found += _number("label.true", _read(answered.truth), _read(labelled.truth))
    else:
        found += _share("answer.label", answered.label, new.label)
        found += _number("answer.score", answered.score, new.score)
        found += _share("label.true", answered.truth, labelled.truth)
        found += _share("answer.right", _flags(answered.right), _flags(labelled.right))
    return found


def _flags(values: Array) -> Array:
    """Yes and no as categories, empty where it is not known."""
    return np.array(["" if np.isnan(value) else str(int(value)) for value in values], dtype=np.dtypes.StringDType())


def _read(labels: Array) -> Array:
    found = np.full(len(labels), np.nan)
    for place, label in enumerate(labels):
        try:
            found[place] = float(label)
        except ValueError:
            continue
    return found


def _vectors(old: Watched, new: Watched, rng: np.random.Generator, alpha: float) -> Iterator[Signal]:
    """MMD, a classifier, and how far the new rows are from their nearest old ones."""
    if old.vectors.shape[1] != new.vectors.shape[1]:
        return
    before, now = (part.vectors[~np.isnan(part.vectors[:, 0])] for part in (old, new))
    if min(len(before), len(now)) < LEAST:
        return
    some, few = (_some(part, _JUDGED, rng) for part in (before, now))
    most = _PERMUTATIONS if alpha * _PERMUTATIONS < _OTHERS else max(999, int(_OTHERS / alpha))
    if min(len(some), len(few)) > 4 * _FEW:
        tested = mmd_blocks(some, few, rng, _BLOCK, most)
    else:
        tested = mmd(_some(some, _FEW, rng), _some(few, _FEW, rng), rng, most)
    yield _signal("input.mmd", "mmd", tested, len(few))
    told = classifier_test(some, few, rng)
    yield _signal("input.classifier", "auc", told, len(few), old=0.5, new=told.statistic)
    known, held = np.array_split(some[rng.permutation(len(some))], 2)  # the held half is as new to the known one
    far = [1 - nearest(part, known)[1] for part in (held, few)]
    yield from _number("input.novelty", *far)


def nearest(rows: Array, known: Array) -> tuple[Array, Array]:
    """Place of the known vector that is nearest to each row, by the cosine, and that cosine; both of shape (N,)."""
    places, near = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows))
    for start in range(0, len(rows), 1024):
        cosine = rows[start : start + 1024] @ known.T
        places[start : start + 1024] = cosine.argmax(1)
        near[start : start + 1024] = cosine.max(1)
    return places, near


def _some(rows: Array, most: int, rng: np.random.Generator) -> Array:
    return rows if len(rows) <= most else rows[np.sort(rng.choice(len(rows), most, replace=False))]


def _signal(name: str, kind: Kind, tested: Compared, rows: int, **more: Any) -> Signal:
    return Signal(name=name, kind=kind, statistic=tested.statistic, p_value=tested.p_value, rows=rows, **more)


def _number(name: str, old: Array, new: Array) -> Iterator[Signal]:
    """The signal of a number; none where it is not known of enough rows."""
    before, now = (np.asarray(part, np.float64)[np.isfinite(part)] for part in (old, new))
    if min(len(before), len(now)) < LEAST:
        return
    tested = numbers(before, now)
    yield _signal(
        name,
        "ks",
        tested,
        len(now),
        psi=stability(before, now),
        old=float(before.mean()),
        new=float(now.mean()),
        shown=_binned(before, now),
    )


def _binned(old: Array, new: Array) -> Shown:
    """Shares of both between edges that hold all but the farthest hundredth, which stand in the outer bins."""
    both = np.concatenate([old, new])
    low, high = (float(value) for value in np.quantile(both, [0.0, 0.99]))
    if not high > low:
        high = low + (abs(low) or 1.0)
    edges = np.linspace(low, high, _BINS + 1)
    counts = [np.histogram(np.clip(part, low, high), edges)[0] / len(part) for part in (old, new)]
    return Shown(edges=edges.tolist(), old=counts[0].tolist(), new=counts[1].tolist())


def _share(name: str, old: Array, new: Array) -> Iterator[Signal]:
    """The signal of a category; an empty one is not known."""
    before, now = ([str(item) for item in part if item != ""] for part in (old, new))
    if min(len(before), len(now)) < LEAST:
        return
    names = sorted({*before, *now})
    place = {item: number for number, item in enumerate(names)}
    counts = [np.bincount([place[item] for item in part], minlength=len(names)) for part in (before, now)]
    tested = categories(*counts)
    shares = [part / part.sum() for part in counts]
    where = names.index("1") if name in ("input.cut", "answer.right") and "1" in names else tested.where
    first = np.argsort(-(counts[0] + counts[1]), kind="stable")[:_BINS]
    yield _signal(
        name,
        "share",
        tested,
        len(now),
        psi=shares_stability(*counts),
        old=float(shares[0][where]) if where >= 0 else float("nan"),
        new=float(shares[1][where]) if where >= 0 else float("nan"),
        where=names[where] if where >= 0 else "",
        shown=Shown(
            names=[names[number] for number in first],
            old=[float(shares[0][number]) for number in first],
            new=[float(shares[1][number]) for number in first],
        ),
    )


__all__ = ["LEAST", "Shown", "Signal", "nearest", "signals"]
