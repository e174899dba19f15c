"""What adaptation to unlabelled rows of another domain is worth: trained on one domain, scored on another.

The labelled rows are of the source, the validation rows of the target; as many unlabelled rows of the target as there
are labelled ones are given to each method. All methods have the same table, rows and steps; `none` does not look at
the target at all, and `target` is the same training on labelled rows of the target, which is what could be reached.

    python -m benchmarks SHIFT [--seeds 3] [--rows 400] [--epochs 4] [--only zh_]
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.arms import CLOCK, EPOCHS, Claim, gain, train_arms
from benchmarks.record import DATA, graded
from benchmarks.sets import Rows, book_of, characters_of, model_of, read_set, write_rows

HELD_OUT = 500


def _shopping(category: str) -> Rows:
    """Reviews of one kind of goods, in an order drawn with the seed 0."""
    with zipfile.ZipFile(DATA / "zh_shopping_10cats" / "online_shopping_10_cats.zip") as packed:
        table = packed.read("online_shopping_10_cats.csv").decode("utf-8-sig")
    rows = [(row["review"], row["label"]) for row in csv.DictReader(io.StringIO(table)) if row["cat"] == category]
    random.Random(0).shuffle(rows)
    return rows


# name -> rows of the source, rows of the target: the same two labels, other things that are judged
SHIFTS: dict[str, tuple[Callable[[], Rows], Callable[[], Rows]]] = {
    "en_movies_to_software": (lambda: read_set("en_sst2"), lambda: read_set("en_fdu_reviews")),
    "zh_hotels_to_clothes": (lambda: read_set("zh_hotel_htl"), lambda: _shopping("衣服")),
}
METHODS: dict[str, dict[str, Any]] = {
    key: {f"{key}.target": "target.csv"} for key in ("dann", "mmd", "coral", "kl_alignment", "self_training")
}


def shifted_book(name: str, folder: Path, rows: int) -> Any:
    """A book trained on `rows` rows of the source and scored on 500 of the target, with as many unlabelled rows of the
    target as `target.csv` and the same rows with their labels as `labelled.csv` beside it."""
    characters = characters_of(name)
    source, target = ([(text[:characters], label) for text, label in read()] for read in SHIFTS[name])
    target = list({text: (text, label) for text, label in target if text}.values())
    ends = (0, HELD_OUT, HELD_OUT + 100, HELD_OUT + 100 + rows)
    held = {text for text, _ in target}
    train = list({text: (text, label) for text, label in source if text and text not in held}.values())[:rows]
    parts = {"train": train, "validation": target[ends[0] : ends[1]], "test": target[ends[1] : ends[2]]}
    book = book_of(folder, parts, model_of(name))
    own = target[ends[2] : ends[3]]
    write_rows([(text, "0") for text, _ in own], folder / "book" / "target.csv")  # whatever stands there is not read
    write_rows(own, folder / "labelled.csv")
    return book


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Gain of each method over training on the source alone, and of labelled rows of the target."""
    from tunebook.verbs.init import init

    common = {**EPOCHS, "max_epochs": options.epochs, "batch_size": 16, "gradient_accumulation_steps": 1}
    with tempfile.TemporaryDirectory(prefix="tunebook-") as place:
        folder = Path(place)
        book = shifted_book(name, folder, options.rows)
        tables = {"none": common, **{key: {**common, **rows} for key, rows in METHODS.items()}}
        arms = train_arms(book, tables, seeds=options.seeds)
        parts = {part: folder / f"{part}.csv" for part in ("validation", "test")} | {"train": folder / "labelled.csv"}
        reached = train_arms(
            init(folder / "reach", parts, model=model_of(name)), {"target": common}, seeds=options.seeds
        )
        arms |= reached
    gains = {key: gain(arms["none"], arms[key]) for key in (*METHODS, "target")}
    times = {key: arm.mean(CLOCK) for key, arm in arms.items()}
    return {"gains": gains, "seconds": times, "options": METHODS}


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Met: one method surely gains on every shift; partly: one does on one, which says less, for five are tried."""
    gains = {key: {name: found["gains"][key] for name, found in sets.items()} for key in (*METHODS, "target")}
    sure = {key: sum(item["lower"] > 0 for item in gains[key].values()) for key in METHODS}
    verdict = graded(max(sure.values()) == len(sets), any(sure.values()))
    told = "; ".join(
        f"{key} " + " and ".join(f"{100 * item['gain']:+.1f}" for item in of.values()) for key, of in gains.items()
    )
    surely = ", ".join(f"{key} on {count}" for key, count in sure.items() if count) or "none"
    return verdict, f"Sure gains, of {len(sets)} shifts: {surely}. Points on {' and '.join(sets)}: {told}."


main = Claim(
    says="Adaptation to unlabelled rows of the target domain gains accuracy on it.",
    sets=tuple(SHIFTS),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 400, "epochs": 4},
).run

__all__ = ["METHODS", "SHIFTS", "judged", "main", "measured", "shifted_book"]
