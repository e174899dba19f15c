"""Whether a bundle is the run that it was made of: their outputs and their answers, row by row."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.answering import Tokens
from tunebook.bundle.form import Run
from tunebook.bundle.reading import Feeds
from tunebook.bundle.runtime import Bundle
from tunebook.core.errors import RunError
from tunebook.core.operation import Exporting
from tunebook.export.record import Proof

_LONGEST = 512  # tokens of the odd shapes
_TIMED, _WARM = 60, 5  # single rows
_SAID = ("score", "scores")  # of an answer, what is no decision


def prove(bundle: Bundle, ask: Run, rows: Sequence[Tokens], said: tuple[Sequence[Any], Sequence[Any]]) -> Proof:
    """Hold a bundle against the model that it was made of.

    Args:
        ask: that model as a function of the same inputs; rows: as the bundle reads them.
        said: what the run and what the bundle says of each.
    """
    differences = [_difference(ask(feeds), bundle.run(feeds), feeds) for feeds in odd_shapes(bundle)]
    order = sorted(range(len(rows)), key=lambda place: -len(rows[place]))
    for start in range(0, len(order), 32):
        some = [rows[place] for place in order[start : start + 32]]
        pairs = zip(bundle.outputs_by(some, ask), bundle.outputs(some), strict=True)
        differences += [_largest(one, other) for one, other in pairs]
    equal = [same(one, other) for one, other in zip(*said, strict=True)]
    share = float(np.mean(equal)) if equal else 1.0
    return Proof(rows=len(rows), equal_share=share, max_difference=float(np.max(differences)))


def check(proof: Proof, limits: Exporting, run: str, scale: float = 1.0) -> None:
    """Refuse a bundle that is not its run.

    Args:
        scale: of the outputs, by which rounding grows, such as the prices that a model of numbers gives.

    Raises:
        RunError: `export.differs`, `export.unequal`.
    """
    most = limits.most_difference * max(1.0, scale)
    if not proof.max_difference <= most:
        value = float(f"{proof.max_difference:.3g}")
        raise RunError("export.differs", key=run, value=value, allowed=f"<= {most:g}", rows=proof.rows)
    if proof.equal_share is not None and proof.equal_share < limits.least_equal:
        value = round(proof.equal_share, 4)
        raise RunError("export.unequal", key=run, value=value, allowed=f">= {limits.least_equal:g}", rows=proof.rows)


def odd_shapes(bundle: Bundle) -> list[Feeds]:
    """Inputs of one token, of the longest, and of several rows with holes behind them."""
    reading = bundle.manifest.reading
    longest, pad = min(int(reading["max_length"]), _LONGEST), int(reading["pad"])
    draw = np.random.default_rng(0)
    tokens = np.setdiff1d(draw.integers(0, int(reading["vocabulary"]), size=64), [pad])
    found = []
    for lengths in ([1], [longest], [2, 1], [longest, 1, longest // 2 or 1], [3] * 5):
        ids = draw.choice(tokens, size=(len(lengths), max(lengths)))
        mask = (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(np.int64)
        found.append(
            {"input_ids": np.where(mask, ids, pad), "attention_mask": mask, "token_type_ids": np.zeros_like(mask)}
        )
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two answers decide the same: scores aside, and numbers but for rounding."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = [key for key in one if key not in _SAID]
        return keys == [key for key in other if key not in _SAID] and all(same(one[key], other[key]) for key in keys)
    if isinstance(one, list) and isinstance(other, list) and one and isinstance(one[0], float):
        return len(one) == len(other) and bool(np.allclose(one, other, rtol=1e-3, atol=1e-3))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return bool(np.isclose(one, other, rtol=1e-3, atol=1e-3))
    return bool(one == other)


def latency(bundle: Bundle, rows: Sequence[Tokens]) -> dict[str, float]:
    """Milliseconds of single rows that are read already, at the usual percentiles; empty without rows."""
    times = []
    for row in [*rows[:_WARM], *rows[:_TIMED]]:
        begun = time.perf_counter()
        bundle.outputs([row])
        times.append(1000 * (time.perf_counter() - begun))
    if not rows:
        return {}
    found = np.percentile(times[min(_WARM, len(rows)) :], [50, 95, 99])
    return {f"p{share}": round(float(value), 3) for share, value in zip((50, 95, 99), found, strict=True)}


def _difference(one: NDArray[Any], other: NDArray[Any], feeds: Feeds) -> float:
    """The largest, of token outputs where there is a token."""
    if one.ndim == 3 and one.shape[:2] == feeds["attention_mask"].shape:
        real = feeds["attention_mask"] > 0
        return _largest(one[real], other[real])
    return _largest(one, other)


def _largest(one: NDArray[Any], other: NDArray[Any]) -> float:
    return float(np.abs(one - other).max(initial=0)) if one.shape == other.shape else float("inf")


__all__ = ["check", "latency", "odd_shapes", "prove", "same"]
