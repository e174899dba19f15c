"""FEW_LABELS: what few rows a class are worth to plain fine-tuning, a head start, a linear probe and SetFit.

Each cell draws its training rows anew by its seed, so many of each class, and trains with the rate and the epochs that
Tunebook's rules propose for them; SetFit, whose epoch is four times as long, for as many epochs as give about as many
steps. The score is the accuracy on the same 500 held-out rows after the last step: nobody has validation rows to spare
where labels are few. A later call goes on with the cells that are missing, the most useful first.

Of BANKING77 only the 15 commonest classes are taken, so that 64 rows a class are no more than 960.

    OMP_NUM_THREADS=1 python -m benchmarks FEW_LABELS [--minutes 12] [--only en_trec6]
"""

from __future__ import annotations

import collections
import math
import random
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.arms import Arm, gain
from benchmarks.defaults import BATCH, HELD_OUT, Cell, Material, run_cell
from benchmarks.record import fill, write_result
from benchmarks.sets import SETS, Rows, read_set

SETS_OF = ("en_sst2", "en_trec6", "en_banking77", "zh_thucnews_titles")
CLASSES = {"en_banking77": 15}
EACH, SEEDS = (8, 16, 64), (0, 1, 2)
ARMS = ("linear_probe", "plain", "head_start", "setfit")
STEPS = 300


def model_of(name: str) -> str:
    """The built-in base that reads a set."""
    return "builtin:minilm" if name.startswith("en_") else "builtin:multilingual"


def wanted(only: str = "") -> Iterator[Cell]:
    """Every run: all sets and sizes with one seed, then with the next."""
    for seed in SEEDS:
        for each in EACH:
            for name in SETS_OF:
                if only in name:
                    yield from ({"set": name, "each": each, "arm": arm, "seed": seed} for arm in ARMS)


@cache
def few_set(name: str) -> str:
    """The name of a set whose rows are those of its commonest classes, where it has too many."""

    def rows() -> Rows:
        counts = collections.Counter(label for _, label in read_set(name))
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: CLASSES.get(name)]
        return [row for row in read_set(name) if row[1] in dict(ranked)]

    SETS[f"{name} few"] = rows
    return f"{name} few"


def drawn(name: str, each: int, seed: int) -> Rows:
    """So many rows of each class, of those that are not held out."""
    left: dict[str, Rows] = collections.defaultdict(list)
    for row in read_set(few_set(name))[HELD_OUT:]:
        left[row[1]].append(row)
    draw = random.Random(seed)
    return [row for label in sorted(left) for row in draw.sample(left[label], each)]


def settings(cell: Cell, rows: int, classes: int) -> Cell:
    """What a cell trains with: the proposal's rate and epochs, and what its arm switches on."""
    from tunebook.core.nouns import Labels
    from tunebook.core.registry import tasks
    from tunebook.models.source import find_model
    from tunebook.tables.case import MOST_EPOCHS, Case, Machine
    from tunebook.tables.propose import RULES
    from tunebook.verbs.steps.model_facts import model_facts

    model, labels = model_of(cell["set"]), Labels(problem="single_label", names=[str(n) for n in range(classes)])
    facts = model_facts(model, find_model(model), tasks()["text_classification"](), labels, 512)
    case = Case({}, labels, rows, facts, Machine(cores=2, memory_bytes=16 << 30))
    rate = RULES["learning_rate"](case)
    assert rate is not None
    techniques: dict[str, Any] = {} if cell["arm"] == "plain" else {cell["arm"]: {}}
    if cell["arm"] == "plain" and facts.unpooled:
        techniques = {"head_rate": {"factor": 10.0}}
    epochs = case.epochs
    if cell["arm"] == "setfit":
        epochs = max(1, min(MOST_EPOCHS, round(STEPS / math.ceil(4 * rows / BATCH))))
    return {**cell, "rows": rows, "rate": float(str(rate.value)), "epochs": epochs, "techniques": techniques}


def summary(runs: list[Cell]) -> list[Cell]:
    """Of each set and size: the mean of each arm, and what it is worth over plain fine-tuning with the same draws."""
    groups: dict[tuple[str, int], dict[str, dict[int, Cell]]] = {}
    for run in runs:
        arms = groups.setdefault((run["set"], run["each"]), {})
        arms.setdefault(run["arm"], {})[run["seed"]] = run
    return [
        {"set": name, "each": each, "arms": {arm: _told(found, arms.get("plain", {})) for arm, found in arms.items()}}
        for (name, each), arms in groups.items()
    ]


def _told(found: dict[int, Cell], plain: dict[int, Cell]) -> Cell:
    both = sorted(found.keys() & plain.keys())
    told: Cell = {
        "accuracy": statistics.fmean(run["accuracy"] for run in found.values()),
        "cpu_seconds": statistics.fmean(run["cpu_seconds"] for run in found.values()),
        "seeds": len(found),
    }
    if both and found is not plain:
        told |= _gain(_arm([plain[seed] for seed in both]), _arm([found[seed] for seed in both]))
    return told


def _gain(a: Arm, b: Arm) -> Cell:
    """As `gain`; of one seed by its held-out rows alone, which says nothing of other draws of training rows."""
    if len(a.right) > 1:
        return gain(a, b)
    each = (b.right - a.right)[0]
    mean, half = float(each.mean()), float(1.645 * each.std(ddof=1) / math.sqrt(len(each)))
    return {"gain": mean, "lower": mean - half, "upper": mean + half, "seeds": 1, "rows": len(each)}


def _arm(runs: list[Cell]) -> Arm:
    return Arm(np.array([[int(bit) for bit in run["right"]] for run in runs], dtype=np.float64))


def _recorded(cell: Cell) -> Cell:
    found = _run(cell)
    return {**cell, **found, "right": "".join(str(int(bit)) for bit in found["right"])}


def main(claim: str, arguments: list[str]) -> Path:
    """Run the cells that are missing until the budget is spent, and write the summary."""
    return fill(claim, arguments, wanted, _recorded, key=_key, write=_write)


def _run(cell: Cell) -> Cell:
    name = cell["set"]
    train = drawn(name, cell["each"], cell["seed"])
    material = Material(few_set(name), len(train), model_of(name), train)
    asked = settings(cell, len(train), len(material.labels.names))
    return {"rows": asked["rows"], "rate": asked["rate"], "epochs": asked["epochs"], **run_cell(asked, material)}


def _write(claim: str, runs: list[Cell]) -> Path:
    return write_result(claim, {"held_out": HELD_OUT, "classes": CLASSES, "groups": summary(runs), "runs": runs})


def _key(cell: Cell) -> tuple[Any, ...]:
    return tuple(cell[name] for name in ("set", "each", "arm", "seed"))


__all__ = [
    "ARMS",
    "CLASSES",
    "EACH",
    "SETS_OF",
    "drawn",
    "few_set",
    "main",
    "model_of",
    "settings",
    "summary",
    "wanted",
]
