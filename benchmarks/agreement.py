"""AGREEMENT: what it is worth to heed how far the annotators of a row agree, on tweets that five people judged.

The rows are of MD-Agreement: is a tweet offensive? `five` trains on the majority of all five annotators, `three` on
that of the first three, which is another for 8 % of the rows; both are scored on rows with the majority of five.
`weights` is `sample_weights.agreement=1`, `strong weights` 3, `curriculum` begins with the rows that the annotators
agree on. English alone: no Chinese set at hand has single annotators' answers.

    python -m benchmarks AGREEMENT [--seeds 3] [--rows 600] [--epochs 4] [--only five]
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.arms import EPOCHS, Claim, gain, times, train_arms
from benchmarks.record import graded
from benchmarks.sets import book_of, model_of, packed_text
from benchmarks.tables_matter import HELD_OUT

ANNOTATORS = {"en_five": 5, "en_three": 3}
ARMS: dict[str, dict[str, Any]] = {
    "weights": {"sample_weights.agreement": 1.0},
    "strong weights": {"sample_weights.agreement": 3.0},
    "curriculum": {"curriculum.difficulty": "disagreement"},
}


@cache
def tweets() -> list[tuple[str, tuple[str, ...]]]:
    """(text, what each of five annotators said: 1 offensive, 0 not), each text once, in an order drawn with seed 0."""
    found = json.loads(packed_text("multi_ann_lewidi2023/MD-Agreement_train.json.gz"))
    once = {" ".join(row["text"].split())[:120]: tuple(row["annotations"].split(",")) for row in found.values()}
    rows = list(once.items())
    random.Random(0).shuffle(rows)
    return rows


def agreed_book(count: int, folder: Path, rows: int) -> Any:
    """A book with the majority of `count` annotators as the label of the training rows, theirs in columns beside it."""

    def with_label(text: str, said: tuple[str, ...], heard: int) -> tuple[str, ...]:
        return (text, "01"[2 * said[:heard].count("1") > heard], *said[:count])

    start = HELD_OUT + 100
    parts = {"validation": (0, HELD_OUT, 5), "test": (HELD_OUT, start, 5), "train": (start, start + rows, count)}
    columns = [f"annotator_{place}" for place in range(1, count + 1)]
    return book_of(
        folder,
        {part: [with_label(*row, heard) for row in tweets()[a:b]] for part, (a, b, heard) in parts.items()},
        model_of("en_"),
        columns=("text", "label", *columns),
        annotators=columns,
    )


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Gain of each way over rows that all count the same."""
    common = {**EPOCHS, "max_epochs": options.epochs}
    with tempfile.TemporaryDirectory(prefix="tunebook-") as folder:
        book = agreed_book(ANNOTATORS[name], Path(folder), options.rows)
        tables = {"plain": common, **{key: {**common, **rows} for key, rows in ARMS.items()}}
        arms = train_arms(book, tables, seeds=options.seeds)
    plain = arms.pop("plain")
    return {"gains": {key: gain(plain, arm) for key, arm in arms.items()}, "times": times(plain, arms)}


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Met: weights by agreement surely gain wherever they were tried; partly: somewhere."""
    sure = sum(found["gains"]["weights"]["lower"] > 0 for found in sets.values())
    verdict = graded(sure == len(sets), sure)
    told = "; ".join(
        f"{name}: " + ", ".join(f"{key} {100 * item['gain']:+.1f} points" for key, item in found["gains"].items())
        for name, found in sets.items()
    )
    return verdict, f"Weights by agreement surely gained in {sure} of {len(sets)} cases. {told}."


main = Claim(
    says="Weighing rows by how far their annotators agree gains accuracy.",
    sets=tuple(ANNOTATORS),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 600, "epochs": 4},
).run

__all__ = ["ANNOTATORS", "ARMS", "agreed_book", "judged", "main", "measured", "tweets"]
