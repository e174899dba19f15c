"""FAITHFULNESS: are explanations better than a random order of the words?

A model is trained on 1,000 rows of a set, and each method explains what it says of 100 validation rows that it has not
seen. Words are covered one tenth at a time, those first that the method finds strongest (deletion), and uncovered in a
covered text in the same order (insertion). Each area is held against that of random orders of the same row, row against
row; the intervals of all gains of a set together hold with 95 %. Random values stand beside the methods as one that
knows nothing, and must not win.

    OMP_NUM_THREADS=1 python -m benchmarks FAITHFULNESS [--rows 100] [--train 1000] [--only en_]
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.record import Cell, given, graded, write_result
from benchmarks.sets import book_of, model_of, read_set

SETS = ("en_sst2", "zh_hotel_htl")
METHODS = ("integrated_gradients", "occlusion", "attention_rollout", "random")
CHARACTERS = 160
PARAMS = {"max_epochs": 2, "max_length": 96, "learning_rate": 1e-4}


def measured(name: str, train: int, rows: int, folder: Path) -> Cell:
    """The curves of a set."""
    from tunebook.data.load import load
    from tunebook.engine.load import load_model
    from tunebook.explain.faithful import faithful
    from tunebook.tables.make import child
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.train import train as fit

    begun = time.process_time()
    texts = [(text[:CHARACTERS], label) for text, label in read_set(name)]
    parts = {"train": texts[:train], "validation": texts[train : train + rows], "test": texts[-100:]}
    book = book_of(folder / name, parts, model_of(name))
    run = fit(plan(child(book.champion, PARAMS), book.data), book.path / "runs", track=())
    trained = time.process_time()
    found = faithful(load_model(run.model, run.plan), load(book.data, "validation"), methods=METHODS)
    return {
        "set": name,
        "model": Path(model_of(name)).name,
        "train": train,
        "accuracy": run.validation_scores.get("accuracy"),
        "seconds": {"train": round(trained - begun), "faithful": round(time.process_time() - trained)},
        **summed(found),
    }


def summed(found: Any) -> Cell:
    """Areas and gains of each method, and whether it is better than random order."""
    return {
        "rows": found.rows,
        "orders": found.orders,
        "level": found.level,
        "random": {"deleted": found.random_deleted, "inserted": found.random_inserted},
        "methods": {
            curve.method: {
                **{
                    name: [round(getattr(getattr(curve, name), end), 4) for end in ("value", "low", "high")]
                    for name in ("deletion", "deletion_gain", "insertion", "insertion_gain")
                },
                "beats": curve.beats,
                "deleted": curve.deleted,
                "inserted": curve.inserted,
            }
            for curve in found.curves
        },
    }


def main(claim: str, arguments: list[str]) -> Path:
    """Measure both sets."""
    options = given(arguments, rows=100, train=1000, only="")
    with tempfile.TemporaryDirectory() as folder:
        sets = [measured(name, options.train, options.rows, Path(folder)) for name in SETS if options.only in name]
    won = {name: all(one["methods"][name]["beats"] for one in sets) for name in METHODS}
    real = [won[name] for name in METHODS if name != "random"]
    return write_result(claim, {"claim": graded(all(real), any(real)), "beats_everywhere": won, "sets": sets})


__all__ = ["METHODS", "PARAMS", "SETS", "main", "measured", "summed"]
