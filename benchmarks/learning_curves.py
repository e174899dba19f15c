"""LEARNING_CURVE: whether the intervals of `tunebook curve` hold, on drawn curves and on real sets.

`drawn`: curves of known power laws, with the chance of seeds and of shared validation rows; how often the 90 % interval
holds the true error at one, two and four times the largest size. `real`: a linear model on the frozen base model,
trained on sizes up to a quarter of the rows with 300 validation rows of its own each time; how often the interval for
twice and four times the largest size holds the error that such a model then has on all held-out rows (2,800, those 300
among them; their own chance is added to the interval), how far the law and its simpler rivals are off, and what the
check against the largest size would have said.

    OMP_NUM_THREADS=1 python -m benchmarks LEARNING_CURVE [--worlds 150] [--repeats 6]
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import given, write_result
from benchmarks.sets import frozen_features, model_of, read_set

LAWS = {
    "bends": (0.08, 0.5, 0.1),
    "no ceiling": (0.1, 0.3, 0.0),
    "flat": (0.0, 1.0, 0.2),
    "nearly there": (0.03, 1.0, 0.05),
    "slow": (0.1, 0.15, 0.1),
}
SETS_OF = ("zh_hotel_htl", "zh_thucnews_titles", "en_trec6")
SHARES, TIMES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0), (1, 2, 4)
LARGEST, VALIDATION, TESTED, SEEDS, STRENGTH = 600, 300, 1000, 3, 30.0
Array = Any


def world(random: np.random.Generator, law: tuple[float, float, float], seeds: int, rows: int = 800) -> Any:
    """Errors of a law at five sizes up to 8,000, on rows that all points share for four fifths of their chance."""
    from tunebook.stats.power_law import Measured

    sizes, (a, b, c) = 8000 * np.array(SHARES), law
    easy = random.random(rows)
    wrong = np.zeros((len(sizes), seeds, rows))
    for place, size in enumerate(sizes):
        for seed in range(seeds):
            level = a * (size / 8000) ** -b + c + 0.01 * (size / 8000) ** -0.25 * random.normal()
            wrong[place, seed] = np.where(random.random(rows) < 0.8, easy, random.random(rows)) < level
    return Measured(sizes, wrong.mean(axis=2), moved(wrong, random))


def moved(wrong: Array, random: np.random.Generator) -> Array:
    """What other rows would have added to the mean error of each size; wrong answers (sizes, seeds, rows)."""
    mean, rows = wrong.mean(axis=1), wrong.shape[2]
    weights = random.multinomial(rows, np.full(rows, 1 / rows), size=200) / rows
    return weights @ mean.T - mean.mean(axis=1)


def drawn(worlds: int) -> dict[str, Any]:
    """Law -> number of seeds -> share of worlds in which the interval holds the truth, at each multiple of the size."""
    from tunebook.stats.power_law import fit

    found: dict[str, Any] = {}
    for name, law in LAWS.items():
        for seeds in (2, 3):
            random, held = np.random.default_rng(17), np.zeros(len(TIMES))
            for _ in range(worlds):
                made = fit(world(random, law, seeds))
                ends = [made.at(8000.0 * times)[1:] for times in TIMES]
                truth = [law[0] * times ** -law[1] + law[2] for times in TIMES]
                held += [low <= true <= high for (low, high), true in zip(ends, truth, strict=True)]
            found.setdefault(name, {})[str(seeds)] = (held / worlds).tolist()
            print("drawn", name, seeds, found[name][str(seeds)], flush=True)
    return found


def real(name: str, repeats: int) -> dict[str, Any]:
    """What is foretold of a set from a quarter of its rows, and what is then seen."""
    from tunebook.nets.linear_model import linear_model
    from tunebook.stats.power_law import FORMS, Measured, fit, held_out

    rows = read_set(name)[: 4 * LARGEST + VALIDATION * repeats + TESTED]
    vectors = frozen_features(model_of(name), [text for text, _ in rows], 32)
    classes = np.unique([label for _, label in rows], return_inverse=True)[1]
    pool, others = np.arange(4 * LARGEST), np.arange(4 * LARGEST, len(rows) - TESTED)
    held = np.arange(4 * LARGEST, len(rows))

    def wrong(places: Array, asked: Array) -> Array:
        model = linear_model(STRENGTH, "softmax").fit(vectors[places], classes[places])
        return model.predict(vectors[asked]) != classes[asked]

    truth = []
    for times in TIMES:
        draws = [np.random.default_rng(1000 + seed).permutation(pool)[: times * LARGEST] for seed in range(SEEDS)]
        truth.append(float(np.mean([wrong(places, held).mean() for places in draws])))
    cases = []
    for repeat in range(repeats):
        random = np.random.default_rng(repeat)
        asked = others[repeat * VALIDATION : (repeat + 1) * VALIDATION]  # no two repeats share a row
        orders = [random.permutation(pool) for _ in range(SEEDS)]
        sizes = np.round(LARGEST * np.array(SHARES)).astype(int)
        answers = np.array([[wrong(order[:size], asked) for order in orders] for size in sizes])
        measured = Measured(sizes.astype(float), answers.mean(axis=2), moved(answers.astype(float), random))
        fits = {form: fit(measured, form) for form in FORMS}
        power = [told(fits["power"], times, true, len(held), random) for times, true in zip(TIMES, truth, strict=True)]
        cases.append(
            {
                "foretold": power,
                "held": [low <= true <= high for (_, low, high), true in zip(power, truth, strict=True)],
                "off": {
                    form: [made.at(float(times * LARGEST))[0] - true for times, true in zip(TIMES, truth, strict=True)]
                    for form, made in fits.items()
                },
                "check_held": {check.form: check.held for check in held_out(measured)},
            }
        )
    return {"largest": LARGEST, "true_error": truth, **_summed(cases), "cases": cases}


def told(made: Any, times: int, true: float, rows: int, random: np.random.Generator) -> tuple[float, float, float]:
    """The error at a multiple of the largest size with the ends of its interval; the chance of the held-out rows that
    the truth was measured on is in it."""
    drawn = made.draws.at(float(times * LARGEST))[:, 0]
    drawn = drawn + random.normal(0, math.sqrt(true * (1 - true) / rows), size=len(drawn))
    low, high = np.quantile(drawn, [0.05, 0.95])
    return float(made.law.at(float(times * LARGEST))[0, 0]), float(low), float(high)


def _summed(cases: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "held": np.mean([case["held"] for case in cases], axis=0).tolist(),
        "mean_absolute_miss": {
            form: np.abs([case["off"][form] for case in cases]).mean(axis=0).tolist() for form in cases[0]["off"]
        },
        "check_held": {
            form: float(np.mean([case["check_held"][form] for case in cases])) for form in cases[0]["check_held"]
        },
        "width": np.mean([[high - low for _, low, high in case["foretold"]] for case in cases], axis=0).tolist(),
    }


def main(claim: str, arguments: list[str]) -> Path:
    """Measure both, and write them."""
    options, begun = given(arguments, worlds=150, repeats=6), time.process_time()
    simulated = drawn(int(options.worlds))
    least = 0.9 - 2.6 * math.sqrt(0.9 * 0.1 / int(options.worlds))
    holds = all(share >= least for law in simulated.values() for row in law.values() for share in row)
    sets: dict[str, Any] = {}
    for name in SETS_OF:
        sets[name] = real(name, int(options.repeats))
        print(name, sets[name]["true_error"], sets[name]["held"], sets[name]["mean_absolute_miss"], flush=True)
        made = write_result(
            claim,
            {
                "level": 0.9,
                "times": TIMES,
                "least_allowed": least,
                "drawn": simulated,
                "drawn_holds": holds,
                "real_held": np.mean([found["held"] for found in sets.values()], axis=0).tolist(),
                "real": sets,
                "cpu_seconds": time.process_time() - begun,
            },
        )
    return made


__all__ = ["LAWS", "SETS_OF", "drawn", "main", "moved", "real", "world"]
