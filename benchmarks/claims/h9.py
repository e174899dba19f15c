"""H9: what freezing saves, and what it costs in accuracy.

The book's own table is trained with nothing frozen, with the embeddings and the lower half of the layers frozen, and
with the whole encoder frozen. A frozen encoder leaves only the pooler and the head to train, which want a far larger
rate; it has one ten times as large, and is shown with the table's own too.

    python -m benchmarks H9 [--seeds 3] [--rows 600] [--epochs 5] [--only zh_]
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.arms import EPOCHS, Claim, gain, in_a_book, train_arms

TIME, LOST = 0.5, 0.05  # "several times faster" is read as twice at least, "a little worse" as five points at most
FROZEN = "encoder frozen"
COSTS = ("processor_seconds", "peak_memory_bytes")


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Arm -> gain over training all, and its time and memory over those of training all."""

    def work(book: Any) -> dict[str, Any]:
        common = {**EPOCHS, "max_epochs": options.epochs}
        encoder = {**common, "freeze.layers": "all"}
        tables = {
            "all": common,
            "lower half frozen": {**common, "freeze.layers": layers_of(book) // 2},
            FROZEN: {**encoder, "learning_rate": 10 * float(book.champion.rows["learning_rate"].value)},
            f"{FROZEN}, same rate": encoder,
        }
        arms = train_arms(book, tables, seeds=options.seeds)
        found = {key: gain(arms["all"], arm) for key, arm in arms.items() if key != "all"}
        costs = {key: {cost: arms[key].mean(cost) / arms["all"].mean(cost) for cost in COSTS} for key in found}
        return {"frozen": found, "costs": costs}

    return in_a_book(name, options.rows, work)


def layers_of(book: Any) -> int:
    """Layers of the book's base model."""
    from tunebook.models.source import find_model, read_config

    config = read_config(find_model(str(book.champion.rows["base_model"].value)))
    return int(config["num_hidden_layers"])


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Met: with the encoder frozen at most half the time and five points lost, everywhere; partly: some of it."""
    fast = sum(found["costs"][FROZEN]["processor_seconds"] <= TIME for found in sets.values())
    good = sum(found["frozen"][FROZEN]["gain"] >= -LOST for found in sets.values())
    verdict = "met" if fast == good == len(sets) else "partly" if fast or good else "not met"
    told = "; ".join(
        f"{name}, {arm}: {100 * gained['gain']:+.1f} points [{100 * gained['lower']:+.1f}, "
        f"{100 * gained['upper']:+.1f}] in {found['costs'][arm]['processor_seconds']:.2f} of the time"
        for name, found in sets.items()
        for arm, gained in found["frozen"].items()
        if not arm.endswith("rate")
    )
    return verdict, f"{told}."


main = Claim(
    says="Freezing the encoder is several times faster than full fine-tuning and a little worse.",
    sets=("en_trec6", "en_sst2", "zh_thucnews_titles"),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 600, "epochs": 5},
).run

__all__ = ["COSTS", "LOST", "TIME", "judged", "layers_of", "main", "measured"]
