"""H7, first half: whether a curriculum reaches a set accuracy in fewer steps than rows in random order.

The same table is trained with the rows as they come, by length, and by the loss of an earlier model of the book; with
chance in place of a difficulty, and from the hardest rows on. The validation rows are looked at every few steps. The
set accuracy is 98 % of the mean best of the plain runs on that set; a run that never reaches it counts with all its
steps. (The second half of H7, training on raw texts of the domain before the task, is the claim H7_STAGES.)

    python -m benchmarks H7 [--seeds 3] [--rows 500] [--steps 96] [--look 8] [--only zh_]
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks.arms import Arm, Claim, gain, in_a_book, train_arms
from benchmarks.record import graded

ORDERS: dict[str, dict[str, Any]] = {
    "length": {"curriculum.difficulty": "length"},
    "loss": {"curriculum.difficulty": "loss"},
    "random": {"curriculum.difficulty": "random"},
    "hardest_first": {"curriculum.difficulty": "loss", "curriculum.reverse": True},
}
GOAL = 0.98


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Steps to the set accuracy and gain in the end, of each order over rows as they come."""
    return in_a_book(name, options.rows, lambda book: _measured(book, options))


def _measured(book: Any, options: argparse.Namespace) -> dict[str, Any]:
    common = {
        "max_steps": options.steps, "max_epochs": 1000, "eval_every": options.look, "early_stopping_patience": None,
        "batch_size": 16, "gradient_accumulation_steps": 1, "length_bucketing": "off", "metric": "accuracy",
    }  # fmt: skip
    earlier = train_arms(book, {"earlier": {**common, "max_steps": options.steps // 2}}, seeds=1)["earlier"]
    needed = {"loss": {"curriculum.run": earlier.runs[0].id}}
    tables = {"plain": common}
    for key, rows in ORDERS.items():
        tables[key] = {**common, **rows, **needed.get(rows["curriculum.difficulty"], {})}
    arms = train_arms(book, tables, seeds=options.seeds)
    goal = GOAL * float(np.mean([max(curve.values()) for curve in curves(arms["plain"])]))
    steps = {key: [reached(curve, goal, options.steps) for curve in curves(arm)] for key, arm in arms.items()}
    return {
        "goal": goal,
        "steps": steps,
        "saved": {key: saved(steps["plain"], steps[key]) for key in ORDERS},
        "gains": {key: gain(arms["plain"], arms[key]) for key in ORDERS},
    }


def curves(arm: Arm) -> list[dict[int, float]]:
    """Step -> accuracy on the validation rows, of each run."""
    from tunebook.core.folders import read_history

    histories = [read_history(run.path / "metrics.jsonl") for run in arm.runs]
    return [{int(e["step"]): e["eval_accuracy"] for e in history if "eval_accuracy" in e} for history in histories]


def reached(curve: dict[int, float], goal: float, most: int) -> int:
    """First look at which the goal is reached; all steps if it never is."""
    return min((step for step, score in curve.items() if score >= goal), default=most)


def saved(plain: list[int], ordered: list[int]) -> dict[str, float]:
    """Share of the steps that an order saves, with the 90 % interval of a paired t over the seeds."""
    from scipy import stats

    shares = 1 - np.array(ordered) / np.array(plain)
    mean = float(shares.mean())
    if len(shares) < 2:
        return {"share": mean, "lower": float("-inf"), "upper": float("inf")}
    half = float(stats.t.ppf(0.95, len(shares) - 1) * shares.std(ddof=1) / np.sqrt(len(shares)))
    return {"share": mean, "lower": mean - half, "upper": mean + half}


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Met: an order surely saves steps on every set, and more than chance does; partly: on one of them."""
    best = {name: _best(found["saved"]) for name, found in sets.items()}
    better = [
        name
        for name, key in best.items()
        if sets[name]["saved"][key]["lower"] > max(0.0, sets[name]["saved"]["random"]["share"])
    ]
    verdict = graded(len(better) == len(sets), better)
    told = {key: 100 * float(np.mean([found["saved"][key]["share"] for found in sets.values()])) for key in ORDERS}
    ends = {key: 100 * float(np.mean([found["gains"][key]["gain"] for found in sets.values()])) for key in ORDERS}
    return verdict, (
        "Steps to the set accuracy that each order saved on average: "
        + ", ".join(f"{key} {share:+.0f} %" for key, share in told.items())
        + "; points of accuracy in the end: "
        + ", ".join(f"{key} {points:+.1f}" for key, points in ends.items())
        + f". An order surely saved steps, and more than chance, on {len(better)} of {len(sets)} sets."
    )


def _best(shares: dict[str, dict[str, float]]) -> str:
    return max(("length", "loss"), key=lambda key: shares[key]["share"])


main = Claim(
    says="A curriculum reaches a set accuracy in fewer steps.",
    sets=("en_trec6", "zh_thucnews_titles"),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 500, "steps": 96, "look": 8},
).run

__all__ = ["GOAL", "ORDERS", "curves", "judged", "main", "measured", "reached", "saved"]
