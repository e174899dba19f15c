"""H1: whether LoRA keeps the accuracy of full fine-tuning at a fraction of what is stored.

The book's own table is trained in full and with LoRA as it is switched on by `lora=on`; beside the accuracy on the
validation rows: time, trained parameters, bytes that keeping the model takes, peak memory.

    python -m benchmarks H1 [--seeds 3] [--rows 600] [--epochs 6] [--only zh_]
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.arms import EPOCHS, Claim, gain, in_a_book, train_arms

COSTS = ("seconds", "trained", "stored_bytes", "peak_memory_bytes")
KEPT = 0.97


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
    """Met: surely at least 97 % kept everywhere; partly: on average somewhere."""
    sure = sum(found["kept"]["lower"] >= KEPT for found in sets.values())
    near = sum(found["kept"]["gain"] >= KEPT for found in sets.values())
    verdict = "met" if sure == len(sets) else "partly" if near else "not met"
    told = "; ".join(
        f"{name}: {found['kept']['gain']:.1%} [{found['kept']['lower']:.1%}, {found['kept']['upper']:.1%}] kept in "
        f"{found['costs']['seconds']:.2f} of the time with {found['costs']['stored_bytes']:.1%} of the bytes"
        for name, found in sets.items()
    )
    return verdict, f"{told}."


main = Claim(
    says="LoRA keeps at least 97 % of full fine-tuning's accuracy and stores a small part of its bytes.",
    sets=("en_trec6", "en_sst2", "zh_thucnews_titles"),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 600, "epochs": 6},
).run

__all__ = ["COSTS", "KEPT", "judged", "main", "measured"]
