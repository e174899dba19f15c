"""H4: what the schedule of the rate is worth: warm-up and cosine, linear or wsd, against a rate that never changes.

All arms have the same steps and the same seeds. A rate that falls moves less in all than one that does not, so each
schedule is tried with every peak rate, and has the one that is best for it on average over the seeds: else a training
that is too short, or a rate that is too low, would be taken for a fault of the schedule. The claim does not say of
what it promises 15-25 %; it is read in both ways: as more right answers than with the constant rate, and as fewer wrong
ones, which is easier.

    python -m benchmarks H4 [--seeds 3] [--rows 300] [--epochs 6] [--only zh_]
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.arms import EPOCHS, Arm, Claim, gain, in_a_book, train_arms

WARM = {"warmup_ratio": 0.1, "warmup_steps": None}
SCHEDULES: dict[str, dict[str, Any]] = {
    "constant": {"lr_scheduler": "constant", "warmup_ratio": 0.0, "warmup_steps": None},
    "cosine": {"lr_scheduler": "cosine", **WARM},
    "linear": {"lr_scheduler": "linear", **WARM},
    "wsd": {"lr_scheduler": "wsd", **WARM},
}
RATES = {"en": (1e-4, 3e-4), "zh": (3e-4, 1e-3)}  # around the best for the model that reads the language
COMMON = {"batch_size": 16, "gradient_accumulation_steps": 1, **EPOCHS}
PROMISED = 0.15


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Gain of each schedule over the constant rate on a set."""
    common = {**COMMON, "max_epochs": options.epochs}
    tables = {
        f"{key} {rate:g}": {**common, **rows, "learning_rate": rate}
        for key, rows in SCHEDULES.items()
        for rate in RATES[name[:2]]
    }
    return in_a_book(name, options.rows, lambda book: compared(train_arms(book, tables, seeds=options.seeds)))


def compared(arms: dict[str, Arm]) -> dict[str, Any]:
    """Each schedule against the constant rate, both with their best peak; also relative to right and wrong answers."""
    mean = {arm: float(found.right.mean()) for arm, found in arms.items()}
    best = {key: max((arm for arm in mean if arm.startswith(key)), key=mean.__getitem__) for key in SCHEDULES}
    found = {}
    for key in (key for key in SCHEDULES if key != "constant"):
        effect = gain(arms[best["constant"]], arms[best[key]])
        right = sum(effect["a"]) / len(effect["a"])
        shares = {"more_right": effect["gain"] / right, "fewer_wrong": effect["gain"] / max(1 - right, 1e-9)}
        found[key] = {**effect, **shares, "peaks": [best["constant"], best[key]]}
    return {**found, "means": mean}


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Met where warm-up and cosine give the promised share on every set, and the gain is proven."""
    cosine = {name: arms["cosine"] for name, arms in sets.items()}
    told = "; ".join(
        f"{name}: {100 * item['gain']:+.1f} points [{100 * item['lower']:+.1f}, {100 * item['upper']:+.1f}], "
        f"{item['more_right']:+.1%} right, {item['fewer_wrong']:.1%} fewer wrong"
        for name, item in cosine.items()
    )
    proven = [item["lower"] > 0 for item in cosine.values()]
    if all(proven) and all(item["more_right"] >= PROMISED for item in cosine.values()):
        return "met", f"Warm-up and cosine against a constant rate. {told}."
    if any(proven) and any(max(item["more_right"], item["fewer_wrong"]) >= PROMISED for item in cosine.values()):
        return "partly", f"15 % only on some sets, or only of the wrong answers. {told}."
    why = "A gain, but not of 15 %" if any(proven) else "No gain that these rows and seeds could prove"
    return "not met", f"{why}. {told}."


main = Claim(
    says="A good schedule (warm-up and cosine) is 15-25 % better than a constant rate.",
    sets=("en_trec6", "zh_thucnews_titles"),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 300, "epochs": 6},
).run

__all__ = ["RATES", "SCHEDULES", "compared", "judged", "main", "measured"]
