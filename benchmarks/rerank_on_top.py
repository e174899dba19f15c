"""RERANK: what a reranker adds to a search, and a trained search to its base model, on real queries.

Of each set a book of the embedding model is made, and a book of the reranker whose negatives the base model has mined
among all passages, as the how-to pages do it. The search takes the best `DEPTH` passages of all for each test query,
and the reranker orders these: no relevant passage is put among them. Compared are the base model as it is (a run of one
step at a rate of 1e-9), the model that the proposed table trains, and both of them with the reranker on top; every
change has the interval of its paired difference over queries. One seed a set. A later call goes on with what is
missing.

    OMP_NUM_THREADS=1 python -m benchmarks RERANK [--only en_banking77]
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.embeddings import compared
from benchmarks.record import RESULTS, Cell, given, write_result
from benchmarks.retrieval_sets import MODELS, write_set

DEPTH = 10
NOTHING = {"max_steps": 1, "learning_rate": 1e-9, "warmup_ratio": 0.0}  # the base model, as a run
CELLS: tuple[Cell, ...] = ({"set": "en_banking77", "changed": {"max_epochs": 2}, "reranker": {"max_steps": 400}},)


def trained(book: Any, changed: dict[str, Any]) -> tuple[Any, float]:
    """A run of the proposed table with some rows changed, and what it took of the processor."""
    import tunebook as tb
    from tunebook.tables.make import child

    table, begun = child(book.champion, changed) if changed else book.champion, time.process_time()
    return tb.train(tb.plan(table, book.data, seed=0), track=()), time.process_time() - begun


def measured(cell: Cell) -> Cell:
    """Train what searches and what reranks, and score each alone and together."""
    import tunebook as tb
    from tunebook.data.options import DataOptions
    from tunebook.verbs.mine import Models, mine
    from tunebook.verbs.two_stages import two_stages

    name = cell["set"]
    with tempfile.TemporaryDirectory(prefix="tunebook-") as scratch:
        place = Path(scratch)
        files, model = write_set(name, place / "files"), MODELS[name]
        book = tb.init(place / "search", files, model=model, options=DataOptions(task="embedding"))
        base, _ = trained(book, {**cell["changed"], **NOTHING})
        tuned, searching = trained(book, cell["changed"])
        mine(book.path, place / "mined", by=Models(str(base.path)))
        ranks = tb.init(place / "ranks", place / "mined", model=model, options=DataOptions(task="reranking"))
        reranker, ranking = trained(ranks, cell["reranker"])
        both = {who: two_stages(reranker, first, depth=DEPTH) for who, first in (("base", base), ("tuned", tuned))}
        return {
            "rows": book.data.rows,
            "seconds": {"search": searching, "reranker": ranking},
            "steps": {"search": tuned.outcome["steps"], "reranker": reranker.outcome["steps"]},
            "search": compared(tuned, book.data),
            "on_top": {who: _told(found) for who, found in both.items()},
        }


def _told(found: Any) -> Cell:
    """NDCG@10 before and after the reranker, and the change, each with both ends of 95 %."""
    ends = {"first": found.first["ndcg@10"], "second": found.second["ndcg@10"], "gain": found.gain}
    return {"found": found.found, **{name: [end.value, end.low, end.high] for name, end in ends.items()}}


def main(claim: str, arguments: list[str]) -> Path:
    """Measure the sets that are missing."""
    only, path = given(arguments, only="").only, RESULTS / f"{claim}.json"
    done: list[Cell] = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.is_file() else []
    for cell in CELLS:
        if only in cell["set"] and all(one["cell"] != cell for one in done):
            done.append({"cell": cell, **measured(cell)})
            write_result(claim, {"depth": DEPTH, "seeds": 1, "cells": done})
    return path


__all__ = ["CELLS", "main", "measured", "trained"]
