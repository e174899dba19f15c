"""AA: the same table against itself on real data, again and again; the gate may promote in none of 20 repetitions.

Both arms train one table, B's with other seeds, so every gain that is seen is chance. Beside the gate stands what the
usual rule would have done: "two points better on one run each", asked of every pair of runs. So that 120 trainings are
affordable, the base models are the first layer of the usual ones.

    python -m benchmarks AA [--repetitions 20] [--seeds 3] [--steps 150]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.record import given, write_result
from benchmarks.sets import characters_of, model_of
from benchmarks.tables_matter import make_book

SETS = ("en_trec6", "zh_thucnews_titles")
TRAINING_ROWS = 600


def repeated(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Half of the repetitions, on one set."""
    from tunebook.tables.make import child
    from tunebook.verbs.ab import ab

    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="tunebook-") as place:
        model = first_layer(model_of(name), Path(place) / "model")
        book = make_book(name, Path(place), TRAINING_ROWS, characters_of(name), str(model))
        table = book.tables.add(child(book.champion, {"max_steps": options.steps}, note="short runs"))
        for repetition in range(options.repetitions // len(SETS)):
            first = 1 + repetition * options.seeds
            seeds = range(first, first + options.seeds)
            verdict = ab(book, table.version, table.version, aa=True, seeds=list(seeds), looks=())
            pairs = [b - a for a, b in zip(*(verdict.extra["scores"][side] for side in "ab"), strict=True)]
            found.append(
                {
                    "verdict": verdict.verdict,
                    "gain": verdict.gain,
                    "lower": verdict.lower,
                    "upper": verdict.upper,
                    "pairs": pairs,
                    "naive": sum(gain >= verdict.delta for gain in pairs),
                }
            )
            print(name, repetition, found[-1], flush=True)
    return {"rows": book.data.rows, "repetitions": found}


def first_layer(model: str, folder: Path) -> Path:
    """A base model's embeddings and first layer, as a model of its own."""
    from transformers import AutoModel

    from tunebook.models.source import find_model, load_tokenizer

    source = find_model(model)
    whole = AutoModel.from_pretrained(str(source))
    whole.encoder.layer = whole.encoder.layer[:1]
    whole.config.num_hidden_layers = 1
    whole.save_pretrained(str(folder))
    load_tokenizer(source).save_pretrained(str(folder))
    return folder


def main(claim: str, arguments: list[str]) -> Path:
    """Run all repetitions and count the promotions."""
    options = given(arguments, repetitions=20, seeds=3, steps=150)
    sets = {name: repeated(name, options) for name in SETS}
    found = [item for side in sets.values() for item in side["repetitions"]]
    return write_result(
        claim,
        {
            "asked": vars(options),
            "repetitions": len(found),
            "promoted": sum(item["verdict"] in ("STRONG", "PROMOTE") for item in found),
            "naive_promotions": sum(item["naive"] for item in found),
            "naive_pairs": len(found) * options.seeds,
            "sets": sets,
        },
    )


__all__ = ["SETS", "first_layer", "main", "repeated"]
