"""ONLINE: how often evidence that is looked at after every request errs, and how soon it sees a difference.

Beside it stands the test for one look (z), looked at every 100 requests: it is what most dashboards do.

    python -m benchmarks ONLINE [--draws 5000]
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from benchmarks.record import given, write_result
from tunebook.stats.e_process import log_mcnemar, log_path, two_arms
from tunebook.stats.sample_ratio import log_sample_ratio

Array = NDArray[Any]
ALPHA, REQUESTS, EVERY = 0.05, 6000, 100
LIMIT = math.log(1 / ALPHA)
Found = dict[str, Any]


def in_shadow(gain: float, draws: int, rng: np.random.Generator) -> Found:
    """Pairs: one in ten requests is right in just one of the two; McNemar's e-process against z at every 100th."""
    seen, first, peeked, once = 0, [], 0, 0
    for _ in range(draws):
        drawn = rng.random(REQUESTS)
        won = np.cumsum(drawn < 0.05 + gain / 2)
        lost = np.cumsum((drawn >= 0.05 + gain / 2) & (drawn < 0.1))
        reached = np.flatnonzero(log_mcnemar(won, lost) >= LIMIT)
        seen += len(reached) > 0
        first += [int(at) + 1 for at in reached[:1]]
        looks = np.arange(EVERY - 1, REQUESTS, EVERY)
        z = (won - lost)[looks] / np.sqrt(np.maximum(won + lost, 1)[looks])
        peeked += bool((z > -ndtri(ALPHA)).any())
        once += bool(z[-1] > -ndtri(ALPHA))
    return _shares(draws, e_process=seen, z_at_every_100=peeked, z_once=once) | _times(first)


def in_two_arms(
    draw: Callable[[Array, np.random.Generator], Array], margin: float, share: float, draws: int, rng: Any
) -> Found:
    """Units drawn for two arms; the e-process of the difference against z at every 100th."""
    seen, first, peeked = 0, [], 0
    n = REQUESTS
    for _ in range(draws):
        z = rng.random(n) < share
        y = draw(z, rng)
        reached = np.flatnonzero(log_path(*two_arms(y, z, share), margin) >= LIMIT)
        seen += len(reached) > 0
        first += [int(at) + 1 for at in reached[:1]]
        peeked += _z_of_two(y, z, margin)
    return _shares(draws, e_process=seen, z_at_every_100=peeked) | _times(first, share)


def _z_of_two(y: Array, z: Array, margin: float) -> bool:
    looks = np.arange(EVERY - 1, len(y), EVERY)
    counts = [np.cumsum(of)[looks] for of in (z, ~z)]
    means = [np.cumsum(np.where(of, y, 0))[looks] / np.maximum(n, 1) for of, n in zip((z, ~z), counts, strict=True)]
    variance = sum(m * (1 - m) / np.maximum(n, 1) for m, n in zip(means, counts, strict=True))
    known = (np.minimum(*counts) >= 5) & (variance > 0)
    score = (means[0] - means[1] - margin) / np.sqrt(np.where(known, variance, 1))
    return bool((known & (score > -ndtri(ALPHA))).any())


def bernoulli(of_old: float, of_new: float) -> Callable[[Array, np.random.Generator], Array]:
    """Events with these rates."""
    return lambda z, rng: (rng.random(len(z)) < np.where(z, of_new, of_old)).astype(float)


def ratios(true: float, draws: int, rng: np.random.Generator) -> Found:
    """Units that should be shared 5 to 95, looked at after every tenth."""
    seen, first = 0, []
    looks = np.arange(9, REQUESTS, 10)
    for _ in range(draws):
        new = np.cumsum(rng.random(REQUESTS) < true)[looks]
        values = [log_sample_ratio([n, at + 1 - n], (0.05, 0.95)) for n, at in zip(new, looks, strict=True)]
        reached = np.flatnonzero(np.asarray(values) >= LIMIT)
        seen += len(reached) > 0
        first += [int(looks[at]) + 1 for at in reached[:1]]
    return _shares(draws, e_process=seen) | _times(first)


def _shares(draws: int, **counts: int) -> Found:
    found: Found = {"draws": draws}
    for name, count in counts.items():
        share = count / draws
        found[name] = round(share, 4)
        found[f"{name}_error"] = round(math.sqrt(max(share * (1 - share), 1 / draws) / draws), 4)
    return found


def _times(first: list[int], share: float = 1.0) -> Found:
    if not first:
        return {"requests_median": None}
    middle = float(np.median(first))
    return {"requests_median": middle, "of_the_challenger_median": round(middle * share, 1)}


def main(claim: str, arguments: list[str]) -> Path:
    """Simulate, print the cells and write the result."""
    options = given(arguments, draws=5000)
    draws, fewer = options.draws, max(options.draws // 5, 20)
    begun, rng = time.perf_counter(), np.random.default_rng(20261201)
    cells: list[Found] = []

    def add(what: str, found: Found) -> None:
        cells.append({"what": what, **found})
        print(cells[-1], flush=True)

    for gain in (0.0, 0.01, 0.02, 0.04):
        add(f"shadow, true gain {100 * gain:g} points", in_shadow(gain, draws if not gain else fewer, rng))
    for share in (0.05, 0.5):
        for old, new, margin in ((0.02, 0.02, 0.0), (0.02, 0.03, 0.01), (0.3, 0.3, 0.0)):
            name = f"two arms at {share:g}, rates {old:g} and {new:g}, allowed {margin:g}"
            add(name, in_two_arms(bernoulli(old, new), margin, share, fewer, rng))
        for old, new, margin in ((0.0, 0.05, 0.01), (0.1, 0.2, 0.0), (0.1, 0.9, 0.0)):
            name = f"two arms at {share:g}, rates {old:g} and {new:g}, allowed {margin:g}"
            add(name, in_two_arms(bernoulli(old, new), margin, share, fewer, rng))
    for true in (0.05, 0.06, 0.08):
        add(f"sample ratio 0.05, true {true:g}", ratios(true, max(fewer // 2, 20), rng))
    result = {"alpha": ALPHA, "requests": REQUESTS, "seconds": round(time.perf_counter() - begun, 1), "cells": cells}
    return write_result(claim, result)


__all__ = ["bernoulli", "in_shadow", "in_two_arms", "main", "ratios"]
