"""LABEL_NEXT: whether the rows that `tunebook curve BOOK --next` chooses teach more than rows drawn at random.

A linear model on the frozen base model starts with a few labelled rows of a pool, and each round labels as many again
that one of the ways has chosen; the ways share the start and the seed. The score is the accuracy on held-out rows after
each round. What a way is worth is its mean over the rounds less that of random rows, paired by seed.

    OMP_NUM_THREADS=1 python -m benchmarks LABEL_NEXT [--seeds 12] [--only zh_hotel_htl]
"""

from __future__ import annotations

import math
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.few_labels import model_of
from benchmarks.record import given, write_result
from benchmarks.sets import frozen_features, read_set

WAYS = ("random", "uncertainty", "diversity", "badge")
SETS_OF = {"en_banking77": 77, "zh_hotel_htl": 20}  # rows of a round; the first one has twice as many
POOL, TESTED, ROUNDS, STRENGTH = 2000, 1000, 5, 30.0
_LENGTH = 40  # tokens that are read of a text
Array = Any


def chosen(way: str, chances: Array, vectors: Array, known: Array, count: int, random: np.random.Generator) -> Array:
    """Places of rows to label next, as the command chooses them."""
    from tunebook.stats.next_rows import badge, blame, covering, margin_doubt

    if way == "random":
        return random.choice(len(vectors), count, replace=False)
    if way == "uncertainty":
        return np.argsort(-margin_doubt(chances), kind="stable")[:count]
    if way == "diversity":
        return covering(vectors, known, count)[0]
    return badge(blame(chances), vectors, count, random)[0]


def course(way: str, material: tuple[Array, Array, Array, Array], each: int, seed: int) -> list[float]:
    """Accuracy after each round.

    Args:
        material: features and classes of the pool, and of the held-out rows.
    """
    from tunebook.nets.linear_model import linear_model

    x, y, held_x, held_y = material
    random = np.random.default_rng(seed)
    labelled, scores = random.choice(len(x), 2 * each, replace=False), []
    for number in range(ROUNDS + 1):
        model = linear_model(STRENGTH, "softmax").fit(x[labelled], y[labelled])
        scores.append(float((model.predict(held_x) == held_y).mean()))
        if number == ROUNDS:
            break
        rest = np.setdiff1d(np.arange(len(x)), labelled)
        found = np.zeros((len(rest), int(y.max()) + 1))
        found[:, model.classes_] = model.predict_proba(x[rest])
        labelled = np.append(labelled, rest[chosen(way, found, x[rest], x[labelled], each, random)])
    return scores


def material_of(name: str) -> tuple[Array, Array, Array, Array]:
    """Features and classes of pool and held-out rows."""
    rows = read_set(name)[: POOL + TESTED]
    vectors = frozen_features(model_of(name), [text for text, _ in rows], _LENGTH).astype(np.float64)
    classes = np.unique([label for _, label in rows], return_inverse=True)[1]
    return vectors[:POOL], classes[:POOL], vectors[POOL:], classes[POOL:]


def told(runs: dict[str, list[list[float]]]) -> dict[str, Any]:
    """Of each way its mean course, and what it is worth over random rows, with the 95 % interval by seeds."""
    from scipy.stats import t

    base = [statistics.fmean(scores[1:]) for scores in runs["random"]]
    found = {}
    for way, courses in runs.items():
        gains = [statistics.fmean(scores[1:]) - own for scores, own in zip(courses, base, strict=True)]
        mean, spread = statistics.fmean(gains), statistics.stdev(gains) / math.sqrt(len(gains))
        half = float(t.ppf(0.975, len(gains) - 1)) * spread
        last = [scores[-1] - other[-1] for scores, other in zip(courses, runs["random"], strict=True)]
        found[way] = {
            "accuracy": [statistics.fmean(column) for column in zip(*courses, strict=True)],
            "gain": {"value": mean, "low": mean - half, "high": mean + half},
            "gain_at_the_end": statistics.fmean(last),
            "better_seeds": sum(gain > 0 for gain in gains),
        }
    return found


def main(claim: str, arguments: list[str]) -> Path:
    """Run every way on every set, and write what each is worth."""
    options, found = given(arguments, seeds=12, only=""), {}
    for name, each in SETS_OF.items():
        if options.only not in name:
            continue
        begun, material = time.process_time(), material_of(name)
        runs = {way: [course(way, material, each, seed) for seed in range(int(options.seeds))] for way in WAYS}
        found[name] = {"each": each, "ways": told(runs), "cpu_seconds": time.process_time() - begun}
        print(name, {way: item["gain"] for way, item in found[name]["ways"].items()}, flush=True)
    return write_result(
        claim, {"pool": POOL, "tested": TESTED, "rounds": ROUNDS, "seeds": int(options.seeds), "sets": found}
    )


__all__ = ["ROUNDS", "SETS_OF", "WAYS", "chosen", "course", "main", "material_of", "told"]
