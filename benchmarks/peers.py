"""PEERS: Tunebook beside what users would pick instead, each with the same rows, base model and processor time.

Each peer is a script in `benchmarks/peer_sides/` and runs in an environment of its own, which is made where it is
missing (about 3 GB altogether), one after the other. It learns from the same rows, answers the same held-out ones, and
may use so many seconds of the processor for both, on one thread; what it did use is told, too. Frozen at the seed 0:
other rows would move each score about as far as its interval says.

    python -m benchmarks PEERS [--minutes 60] [--only en_trec6] [--rows 500] [--environments .peers]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.few_labels import model_of
from benchmarks.peer_sides.asked import FOUND, GIVEN
from benchmarks.record import RESULTS, ROOT, Cell, given, write_result
from benchmarks.sets import read_set
from tunebook.stats.proportion import wilson_interval

SETS = {  # -> seconds of the processor: four minutes where texts are long
    "en_trec6": 120.0,
    "zh_hotel_htl": 240.0,
    "en_sst2": 120.0,
    "zh_thucnews_titles": 120.0,
    "en_banking77": 120.0,
    "en_fdu_reviews": 240.0,
}
HELD_OUT, LONGEST = 500, 2000  # rows; characters of a text
# Threads that wait for a core in a loop would spend the budget on nothing where anything else runs.
_AROUND = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
SIDES = Path(__file__).parent / "peer_sides"


@dataclass(frozen=True)
class Peer:
    """One of the sides: its script's name, and what its environment holds; nothing where ours does."""

    name: str
    needs: tuple[str, ...] = ()


_TORCH, _DATA = "torch==2.13.0", "datasets==5.2.0"
PEERS = (
    Peer("tunebook"),
    Peer("tfidf", ("scikit-learn==1.9.1",)),
    Peer("fasttext", ("fasttext-numpy2-wheel==0.9.2",)),
    Peer("autogluon", ("autogluon.tabular[lightgbm]==1.6.3",)),
    Peer("trainer", (_TORCH, "transformers==5.24.0", "accelerate==1.15.0", _DATA)),
    Peer("sentence_trainer", (_TORCH, "sentence-transformers[train]==6.2.0", _DATA, "scikit-learn==1.9.1")),
    Peer("setfit", (_TORCH, "setfit==1.2.0", _DATA)),
)


def python_of(peer: Peer, environments: Path) -> str:
    """The interpreter of a peer's environment, which is made where it is missing."""
    if not peer.needs:
        return sys.executable
    place = environments / peer.name
    python, ready = place / "bin" / "python", place / ".ready"
    if not ready.exists():
        venv.create(place, with_pip=True)
        for need in (peer.needs[:1], peer.needs):  # torch alone first: nothing else chooses another build of it
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", *need], check=True)
        ready.touch()
    return str(python)


def task(name: str, rows: int, budget: float) -> tuple[dict[str, Any], list[str]]:
    """What a side is given, and the labels of the texts that are asked, which it is not."""
    from tunebook.models.source import find_model

    found = [(text[:LONGEST], label) for text, label in read_set(name)]
    asked, known = found[:HELD_OUT], found[HELD_OUT : HELD_OUT + rows]
    told = {
        "texts": [text for text, _ in known],
        "labels": [label for _, label in known],
        "asked": [text for text, _ in asked],
        "chinese": name.startswith("zh_"),
        "model": str(find_model(model_of(name))),
        "budget": budget,
    }
    return told, [label for _, label in asked]


def run(cell: Cell, environments: Path) -> Cell:
    """One peer on one set: what its answers are worth, and what they cost; `failed` where it gave none."""
    peer = next(one for one in PEERS if one.name == cell["peer"])
    told, truth = task(cell["set"], cell["rows"], cell["budget"])
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, GIVEN).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        script = SIDES / f"with_{peer.name}.py"
        around = {**os.environ, **_AROUND}
        done = subprocess.run(
            [python_of(peer, environments), str(script), folder],
            env=around,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return {**cell, "failed": done.stderr.strip().rpartition("\n")[2][-300:]}
        found = json.loads(Path(folder, FOUND).read_text(encoding="utf-8"))
    right = [said == true for said, true in zip(found.pop("labels"), truth, strict=True)]
    return {**cell, **found, "accuracy": sum(right) / len(right), "right": "".join(str(int(one)) for one in right)}


def summary(runs: list[Cell]) -> list[Cell]:
    """Of each set: each peer's accuracy with its interval, its costs, and what Tunebook gains over it, row by row."""
    sets = dict.fromkeys(run["set"] for run in runs)
    return [
        {"set": name, "budget": own[0]["budget"], "peers": _told(own)}
        for name in sets
        for own in [[run for run in runs if run["set"] == name]]
    ]


def _told(runs: list[Cell]) -> Cell:
    own = next((run for run in runs if run["peer"] == "tunebook" and "right" in run), None)
    told = {}
    for found in runs:
        if "right" not in found:
            told[found["peer"]] = {"failed": found["failed"]}
            continue
        hits = _bits(found)
        ends = wilson_interval(float(hits.sum()), len(hits))
        kept = ("accuracy", "processor_seconds", "seconds", "peak_bytes")
        told[found["peer"]] = {**{key: found[key] for key in kept}, "low": ends.low, "high": ends.high}
        if own is not None and found is not own:
            told[found["peer"]]["tunebook_gains"] = _gain(_bits(own) - hits)
    return told


def _gain(each: np.ndarray) -> dict[str, float]:
    """Mean of the differences by row with its 95 % interval."""
    mean, half = float(each.mean()), float(1.96 * each.std(ddof=1) / len(each) ** 0.5)
    return {"value": mean, "low": mean - half, "high": mean + half}


def _bits(found: Cell) -> np.ndarray:
    return np.array([float(bit) for bit in found["right"]])


def wanted(options: argparse.Namespace) -> Iterator[Cell]:
    """Every cell: all peers on one set, then on the next."""
    for name, budget in SETS.items():
        if options.only in name:
            yield from ({"set": name, "peer": peer.name, "rows": options.rows, "budget": budget} for peer in PEERS)


def main(claim: str, arguments: list[str]) -> Path:
    """Run the cells that are missing until the minutes are spent, and write the summary after each."""
    options = given(arguments, minutes=60.0, only="", rows=500, environments=str(ROOT / ".peers"))
    path = RESULTS / f"{claim}.json"
    runs: list[Cell] = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.is_file() else []
    names = ("set", "peer", "rows", "budget")
    done = {tuple(run[name] for name in names) for run in runs}
    begun = time.monotonic()
    for cell in wanted(options):
        if tuple(cell[name] for name in names) in done:
            continue
        if time.monotonic() - begun > 60 * options.minutes:
            break
        runs.append(run(cell, Path(options.environments)))
        print({key: value for key, value in runs[-1].items() if key not in ("right", "versions")}, flush=True)
        write_result(claim, {"sets": summary(runs), "runs": runs})
    return write_result(claim, {"sets": summary(runs), "runs": runs})
