"""What a verdict tells beside the gate: scores of every seed, flips, other metrics, costs. None of it decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.metric import CALIBRATION
from tunebook.stats.paired import aso, flips, mcnemar, p_better, seed_sd
from tunebook.verbs.abtest.arms import Result
from tunebook.verbs.abtest.looks import bootstrapped
from tunebook.verbs.abtest.marks import Marks
from tunebook.verbs.abtest.pairs import Pair
from tunebook.verbs.abtest.prices import Prices

Array = NDArray[Any]
_SHOWN = 15  # flipped rows of each direction


def rights(marks: Marks, metric: str) -> Array | None:
    """Score of each row by each run, of the metric, or where it has none of the first metric that has; (K, N)."""
    rows = (marks.rows(name) for name in (metric, *marks.task.judges(marks.labels)))
    return next((found for found in rows if found is not None), None)


def described(a: Marks, b: Marks, metric: str, alpha: float) -> dict[str, Any]:
    """Figures of both arms: `scores`, `seed_sd`, `p_better`, `aso`, `mcnemar` of each seed, `bootstrap`, `metrics`,
    and which runs have `collapsed`."""
    of_a, of_b = a.scores(metric), b.scores(metric)
    found: dict[str, Any] = {
        "scores": {"a": of_a.tolist(), "b": of_b.tolist()},
        "metrics": {name: _both(a, b, name) for name in _told(a)},
        "collapsed": {"a": a.collapsed, "b": b.collapsed},
    }
    if len(of_a) < 2 or not (np.isfinite(of_a).all() and np.isfinite(of_b).all()):
        return found
    found |= {
        "seed_sd": {"a": seed_sd(of_a), "b": seed_sd(of_b)},
        "p_better": p_better(of_a, of_b),
        "aso": aso(of_a, of_b),
    }
    right_a, right_b = rights(a, metric), rights(b, metric)
    if right_a is not None and right_b is not None:
        tests = [mcnemar(one, two) for one, two in zip(right_a, right_b, strict=True)]
        found["mcnemar"] = [{"won": test.won, "lost": test.lost, "p": test.p} for test in tests]
    if a.rows(metric) is not None:
        effect = bootstrapped(a, b, metric, alpha)
        found["bootstrap"] = {"mean": effect.mean, "lower": effect.lower, "upper": effect.upper}
    return found


def _told(marks: Marks) -> list[str]:
    """Metrics of which more is better, and the calibration error."""
    return [item.key for item in marks.task.metrics(marks.labels) if item.better == "more" or item.key == CALIBRATION]


def _both(a: Marks, b: Marks, metric: str) -> list[float]:
    """Mean over seeds of A and of B."""
    return [float(a.scores(metric).mean()), float(b.scores(metric).mean())]


def flip_counts(a: Marks, b: Marks, metric: str) -> dict[str, int]:
    """Rows that B gets right and A wrong, and the reverse, over all seeds; empty where no row is right or wrong."""
    of_a, of_b = rights(a, metric), rights(b, metric)
    if of_a is None or of_b is None:
        return {}
    won, lost = flips(of_a, of_b)
    return {"won": won, "lost": lost}


def flipped_rows(a: Marks, b: Marks, metric: str) -> dict[str, list[int]]:
    """Numbers of the rows that most seeds agree on: `won` by B, and `lost`; the clearest first."""
    of_a, of_b = rights(a, metric), rights(b, metric)
    if of_a is None or of_b is None:
        return {"won": [], "lost": []}
    apart = (of_b - of_a).mean(0)
    order = np.argsort(-np.abs(apart), kind="stable")
    sides = {"won": order[apart[order] > 0], "lost": order[apart[order] < 0]}
    return {name: [int(row) for row in rows[:_SHOWN]] for name, rows in sides.items()}


def costs(pairs: Sequence[Pair], prices: Prices) -> tuple[dict[str, float], dict[str, Any]]:
    """What all runs took, `seconds`, `device_hours`, `new_seconds` (of runs that the test trained itself) and `money`;
    and the same of each arm, with its memory, failures and reused runs."""
    arms = {name: [pair.sides[side] for pair in pairs] for side, name in enumerate("ab")}
    fresh = [
        side.seconds for pair in pairs for side, reused in zip(pair.sides, pair.seen.reused, strict=True) if not reused
    ]
    every = [result for results in arms.values() for result in results]
    total = {**_cost(every, prices), "new_seconds": float(sum(fresh))}
    detail: dict[str, Any] = {}
    for side, (name, results) in enumerate(arms.items()):
        detail[name] = {
            **_cost(results, prices),
            "peak_memory_bytes": max(result.peak_memory_bytes for result in results),
            "failed": sum(bool(result.failed) for result in results),
            "reused": sum(pair.seen.reused[side] for pair in pairs),
            "size": max(result.size for result in results),
            "device": results[0].device,
        }
        times = [value for pair in pairs for value in pair.seen.latency[side]]
        if times:
            detail[name] |= {"p50_ms": float(np.quantile(times, 0.5)), "p99_ms": float(np.quantile(times, 0.99))}
    return total, detail


def _cost(results: Sequence[Result], prices: Prices) -> dict[str, float]:
    """Seconds, device hours, and money where every device has its price."""
    seconds = float(sum(result.seconds for result in results))
    found = {"seconds": seconds, "device_hours": seconds / 3600}
    prices_of = [prices.of(result.device, result.seconds / 3600) for result in results]
    known = [price for price in prices_of if price is not None]
    return {**found, "money": sum(known)} if len(known) == len(results) else found


__all__ = ["costs", "described", "flip_counts", "flipped_rows", "rights"]
