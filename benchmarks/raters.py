"""RATERS: in how many simulated rating studies the 95 % interval holds the true mean of all rows and all raters.

Of each study all raters see a share of the rows, the others one rater each. A latent preference, with a part that is
the row's and one that is the rater's, is cut into win, tie and loss, or into points from 1 to 5.

    python -m benchmarks RATERS [--studies 500]
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import given, write_result
from tunebook.stats.raters import crossed_mean

Array = NDArray[Any]
ROWS, OVERLAP, HARD, NOISE = 100, 0.3, 0.7, 1.0
RATERS, STRICT, MEANS = (2, 3, 4, 6), (0.0, 0.3, 0.6), (0.0, 0.5, 1.5)
_CUTS = {"pairs": (-0.5, 0.5), "points": (-1.5, -0.5, 0.5, 1.5)}
_LARGE = 400_000


def said(latent: Array, kind: str) -> Array:
    """What a latent preference is told as: -1, 0 or 1 of two answers, or points from 1 to 5."""
    return np.searchsorted(_CUTS[kind], latent) + (1 if kind == "points" else -1)


def measured(cell: dict[str, Any], studies: int) -> dict[str, Any]:
    """Coverage and median width of one cell: kind, raters, how far they differ, and the mean."""
    kind, raters, strict, mean = (cell[name] for name in ("kind", "raters", "strict", "mean"))
    rng, common = np.random.default_rng([raters, int(10 * strict), int(10 * mean)]), int(ROWS * OVERLAP)
    row, rater = np.array(
        [(row, who) for row in range(ROWS) for who in (range(raters) if row < common else [row % raters])]
    ).T
    spread = float(np.hypot(np.hypot(HARD, strict), NOISE))
    true = float(said(mean + spread * rng.normal(size=_LARGE), kind).mean())
    held, wide = 0, []
    for _ in range(studies):
        hard, own = HARD * rng.normal(size=ROWS), strict * rng.normal(size=raters)
        values = said(mean + hard[row] + own[rater] + NOISE * rng.normal(size=len(row)), kind)
        found = crossed_mean(values, row, rater, centre=0.0 if kind == "pairs" else None)
        held += found.low <= true <= found.high
        wide.append(found.high - found.low)
    return {**cell, "coverage": held / studies, "width": float(np.median(wide))}


def main(claim: str, arguments: list[str]) -> Path:
    """All cells."""
    studies = given(arguments, studies=500).studies
    design = product(_CUTS, RATERS, STRICT, MEANS)
    cells = [dict(zip(("kind", "raters", "strict", "mean"), one, strict=True)) for one in design]
    asked = {"rows": ROWS, "overlap": OVERLAP, "row_sd": HARD, "noise_sd": NOISE, "studies": studies}
    return write_result(claim, {"asked": asked, "cells": [measured(cell, studies) for cell in cells]})


__all__ = ["main", "measured", "said"]
