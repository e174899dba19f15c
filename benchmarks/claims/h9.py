"""H9: what freezing saves, and what it costs in accuracy.

The book's own table is trained with nothing frozen, with the embeddings and the lower half of the layers frozen, and
with the whole encoder frozen.

    python -m benchmarks H9 [--seeds 3] [--rows 600] [--epochs 5] [--only zh_]
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.arms import EPOCHS, Claim, gain, in_a_book, train_arms

FASTER, LOST = 0.75, 0.02  # a quarter of the time saved, at most two points lost


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Arm -> gain over training all, and its time and memory over those of training all."""

    def work(book: Any) -> dict[str, Any]:
        common = {**EPOCHS, "max_epochs": options.epochs}
        half = layers_of(book) // 2
        tables = {
            "all": common,
            "lower half frozen": {**common, "freeze.layers": half},
            "encoder frozen": {**common, "freeze.layers": "all"},
        }
        arms = train_arms(book, tables, seeds=options.seeds)
        found = {key: gain(arms["all"], arm) for key, arm in arms.items() if key != "all"}
        costs = {
            key: {cost: arms[key].mean(cost) / arms["all"].mean(cost) for cost in ("seconds", "peak_memory_bytes")}
            for key in found
        }
        return {"frozen": found, "costs": costs}

    return in_a_book(name, options.rows, work)


def layers_of(book: Any) -> int:
    """Layers of the book's base model."""
    from tunebook.models.source import find_model, read_config

    config = read_config(find_model(str(book.champion.rows["base_model"].value)))
    return int(config["num_hidden_layers"])


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Met: with the lower half frozen a quarter faster everywhere and surely at most two points lost."""
    key = "lower half frozen"
    fast = [found["costs"][key]["seconds"] <= FASTER for found in sets.values()]
    good = [found["frozen"][key]["lower"] >= -LOST for found in sets.values()]
    verdict = "met" if all(fast) and all(good) else "partly" if any(fast) or any(good) else "not met"
    told = "; ".join(
        f"{name}, {arm}: {100 * gained['gain']:+.1f} points [{100 * gained['lower']:+.1f}, "
        f"{100 * gained['upper']:+.1f}] in {found['costs'][arm]['seconds']:.2f} of the time"
        for name, found in sets.items()
        for arm, gained in found["frozen"].items()
    )
    return verdict, f"{told}."


main = Claim(
    says="Freezing the lower half of the layers makes training a quarter faster and costs at most two points.",
    sets=("en_trec6", "en_sst2", "zh_thucnews_titles"),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 600, "epochs": 5},
).run

__all__ = ["FASTER", "LOST", "judged", "layers_of", "main", "measured"]
