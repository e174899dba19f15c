"""Other ways than fine-tuning that were as good on few rows, and cost far less, by what was measured.

Its figures are `benchmarks/results/PEERS.json` in short, as `python scripts/make_docs.py` writes them: each peer learnt
from the same rows and answered the same held-out ones, and gains are paired by row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

FILE = "tables/cheaper.json"
COSTS, EVEN = 0.25, 0.5  # at most this share of the processor's time; not surely worse on at least this share of sets
LEAST = 3  # sets


@dataclass(frozen=True)
class Cheaper:
    """A way that was not surely worse on many sets, at a small part of the processor's time.

    Attributes:
        name: as people know it; rows: that it learnt from.
        even: sets on which it was not surely worse, of `sets`.
        share: of the processor's time of a fine-tune, the median.
    """

    name: str
    rows: int
    sets: int
    even: int
    share: float


@cache
def cheaper() -> Cheaper | None:
    """The way that was even most often, the cheapest of several; None where none was."""
    text = files("tunebook").joinpath(FILE).read_text(encoding="utf-8")
    return best(Cheaper(**one) for one in json.loads(text))


def best(ways: Iterable[Cheaper]) -> Cheaper | None:
    """Of several ways, as `cheaper` chooses."""
    good = [way for way in ways if way.sets >= LEAST and way.share <= COSTS and way.even >= EVEN * way.sets]
    return max(good, key=lambda way: (way.even / way.sets, -way.share), default=None)


def in_short(found: Mapping[str, Any], names: Mapping[str, str]) -> list[Cheaper]:
    """What the result of the benchmark says of each peer that answered.

    Args:
        names: key of a peer -> its name.
    """
    from statistics import median

    rows, told = found["runs"][0]["rows"], []
    for key, name in names.items():
        pairs = [(one["peers"].get("tunebook"), one["peers"].get(key, {})) for one in found["sets"]]
        both = [(own, peer) for own, peer in pairs if "tunebook_gains" in peer]  # which is told beside one of ours
        if both:
            even = sum(peer["tunebook_gains"]["low"] <= 0 for _, peer in both)
            share = median(peer["processor_seconds"] / own["processor_seconds"] for own, peer in both)
            told.append(Cheaper(name, rows, len(both), even, round(share, 3)))
    return told


__all__ = ["COSTS", "EVEN", "FILE", "LEAST", "Cheaper", "best", "cheaper", "in_short"]
