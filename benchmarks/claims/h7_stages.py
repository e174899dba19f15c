"""H7, stages: whether pretraining on raw text of the domain, and then the task, beats the task alone where labels are
few.

The raw text are the texts of the same set that are in no split of the book, without their labels. Every seed pretrains
anew, so the interval holds what the pretraining's own draw does. Beside the gain: perplexity on raw text before and
after, and what the stage costs over the task alone. The built-in English model comes without a head for masked words,
which then has to be learnt first: that is the state of most sentence encoders.

    python -m benchmarks H7_STAGES [--seeds 3] [--rows 200] [--steps 100] [--epochs 6] [--only zh_]
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.arms import CLOCK, EPOCHS, Claim, gain, in_a_book, train_arms
from benchmarks.record import graded
from benchmarks.sets import characters_of, read_set

TEXTS = 4000
LENGTH, BATCH = 64, 16


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Gain of the stage over the task alone on a set."""

    def work(book: Any) -> dict[str, Any]:
        from tunebook.verbs.stage_facts import stage_facts

        limit = characters_of(name)
        texts = [text[:limit] for text, _ in read_set(name)][600 + options.rows :][:TEXTS]
        raw = book.path / "raw.txt"
        raw.write_text("\n".join(texts), encoding="utf-8")
        common = {**EPOCHS, "max_epochs": options.epochs}
        stage = {
            "pretrain.file": "raw.txt",
            "pretrain.max_steps": options.steps,
            "pretrain.max_length": LENGTH,
            "pretrain.batch_size": BATCH,
        }
        arms = train_arms(book, {"alone": common, "staged": {**common, **stage}}, seeds=options.seeds)
        facts = [next(stage_facts(run.plan)) for run in arms["staged"].runs]
        return {
            "texts": len(texts),
            "staged": gain(arms["alone"], arms["staged"]),
            "perplexity": {when: [fact[when]["perplexity"] for fact in facts] for when in ("before", "after")},
            "stage_seconds": sum(cost[CLOCK] for out in arms["staged"].outcomes for cost in out["stages"])
            / options.seeds,
            "task_seconds": arms["alone"].mean(CLOCK),
        }

    return in_a_book(name, options.rows, work)


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Met: surely better everywhere; partly: surely better somewhere and surely worse nowhere."""
    better = [name for name, found in sets.items() if found["staged"]["lower"] > 0]
    worse = [name for name, found in sets.items() if found["staged"]["upper"] < 0]
    verdict = graded(len(better) == len(sets), better and not worse)
    told = "; ".join(
        f"{name}: {100 * found['staged']['gain']:+.1f} points "
        f"[{100 * found['staged']['lower']:+.1f}, {100 * found['staged']['upper']:+.1f}], the stage takes "
        f"{found['stage_seconds'] / found['task_seconds']:.1f} times the task's time"
        for name, found in sets.items()
    )
    return verdict, f"{told}."


main = Claim(
    says="Pretraining on raw text of the domain before the task is worth accuracy where labels are few.",
    sets=("en_banking77", "zh_hotel_htl"),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 200, "steps": 100, "epochs": 6},
).run

__all__ = ["BATCH", "LENGTH", "TEXTS", "judged", "main", "measured"]
