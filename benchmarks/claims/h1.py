"""H1: whether LoRA keeps the accuracy of full fine-tuning at a fraction of its time and of what is stored.

The book's own table is trained in full and with LoRA as it is switched on by `lora=on`; beside the accuracy on the
validation rows: time of the processor, trained parameters, bytes that keeping the model takes, peak memory.

    python -m benchmarks H1 [--seeds 3] [--rows 600] [--epochs 6] [--only zh_]
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.arms import CLOCK, EPOCHS, Claim, gain, in_a_book, train_arms
from benchmarks.record import graded

COSTS = (CLOCK, "trained", "stored_bytes", "peak_memory_bytes")
KEPT, TIME, STORED = 0.97, 1 / 3, 0.1  # of full fine-tuning's accuracy, time and bytes


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Gain of LoRA over full fine-tuning, the share of its accuracy that is kept, and each cost over its cost."""

    def work(book: Any) -> dict[str, Any]:
        common = {**EPOCHS, "max_epochs": options.epochs}
        arms = train_arms(book, {"full": common, "lora": {**common, "lora": "on"}}, seeds=options.seeds)
        full, lora = arms["full"], arms["lora"]
        found = gain(full, lora)
        before = sum(found["a"]) / len(found["a"])
        return {
            "lora": found,
            "kept": {end: 1 + found[end] / before for end in ("gain", "lower", "upper")},
            "costs": {cost: lora.mean(cost) / full.mean(cost) for cost in COSTS},
            "trained_share": lora.mean("trained") / full.mean("parameters"),
        }

    return in_a_book(name, options.rows, work)


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Met: accuracy surely kept, a third of the time and a tenth of the bytes, everywhere; partly: some of it."""
    parts = {
        "accuracy": sum(found["kept"]["lower"] >= KEPT for found in sets.values()),
        "time": sum(found["costs"][CLOCK] <= TIME for found in sets.values()),
        "bytes": sum(found["costs"]["stored_bytes"] < STORED for found in sets.values()),
    }
    whole = all(count == len(sets) for count in parts.values())
    verdict = graded(whole, any(parts.values()))
    told = "; ".join(
        f"{name}: {found['kept']['gain']:.1%} [{found['kept']['lower']:.1%}, {found['kept']['upper']:.1%}] kept in "
        f"{found['costs'][CLOCK]:.2f} of the time with {found['costs']['stored_bytes']:.1%} of the bytes"
        for name, found in sets.items()
    )
    counts = ", ".join(f"{part} on {count}" for part, count in parts.items())
    return verdict, f"{told}. Held, of {len(sets)} sets: {counts}."


main = Claim(
    says="LoRA with about 1 % of the parameters keeps 97 % of full fine-tuning's accuracy, trains 3-5 times as fast "
    "and stores over 90 % less.",
    sets=("en_trec6", "en_sst2", "zh_thucnews_titles"),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 600, "epochs": 6},
).run

__all__ = ["COSTS", "KEPT", "judged", "main", "measured"]
