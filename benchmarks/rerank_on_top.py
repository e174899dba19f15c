"""RERANK: what a reranker adds to a search, and a trained search to its base model, on real queries.

Of each set a book of the embedding model is made, and a book of the reranker whose negatives a model has mined among
all passages, as the how-to pages do it. The search takes the best passages of all for each test query, and the reranker
orders these: no relevant passage is put among them. Every change has the interval of its paired difference over
queries. One seed a cell. A later call goes on with what is missing.

A cell names what it differs in: `miner` and `searches`, the base model as it is (a run of one step at a rate of 1e-9)
or the `tuned` one; `start` of the reranker, a base model or the tuned search. With `mixed` the scores of both stages
are added as well, each as deviations of its query's candidates; how much the reranker counts is chosen on the
validation rows.

    OMP_NUM_THREADS=1 python -m benchmarks RERANK [--only en_banking77] [--cell 0] [--keep FOLDER]

With `--keep` the books stay in a folder, and a cell with the same search does not train it again: its seconds are then
those of finding it.
"""

from __future__ import annotations

import json
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.embeddings import compared
from benchmarks.record import DATA, RESULTS, Cell, given, write_result
from benchmarks.retrieval_sets import MODELS, write_set

DEPTH = 10
WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 1e3)  # of the reranker beside the search; the last leaves it alone
NOTHING = {"max_steps": 1, "learning_rate": 1e-9, "warmup_ratio": 0.0}  # the base model, as a run
SMALL: Cell = {
    "set": "zh_cmrc2018_openings",
    "model": "model_zh_mini",
    "changed": {"learning_rate": 3e-4, "max_epochs": 4, "ngame": True, "ngame.start": 1},
    "miner": "tuned",
    "negatives": 10,
    "searches": ["tuned"],
    "depth": 20,
    "mixed": True,
}
LARGE: Cell = {"candidates.negatives": 5, "listwise": True, "max_steps": 120, "eval_every": 60}
CELLS: tuple[Cell, ...] = (
    {"set": "en_banking77", "changed": {"max_epochs": 2}, "reranker": {"max_steps": 400}},
    {**SMALL, "start": "builtin:multilingual", "depth": 5, "reranker": LARGE},
)


def trained(book: Any, changed: dict[str, Any]) -> tuple[Any, float]:
    """A run of the proposed table with some rows changed, and what it took of the processor."""
    import tunebook as tb
    from tunebook.tables.make import child

    table, begun = child(book.champion, changed) if changed else book.champion, time.process_time()
    return tb.train(tb.plan(table, book.data, seed=0), track=()), time.process_time() - begun


def measured(cell: Cell, place: Path) -> Cell:
    """Train what searches and what reranks, and score each alone and together."""
    from tunebook.verbs.two_stages import two_stages

    named = cell.get("model", MODELS[cell["set"]])
    model = named if named.startswith("builtin:") else str(DATA / named)
    if not (place / "files").is_dir():
        write_set(cell["set"], place / "files")
    book = book_in(place / "search", place / "files", model, "embedding")
    searches, asked = {}, {"base": {**cell["changed"], **NOTHING}, "tuned": cell["changed"]}
    for who in cell.get("searches", ["base", "tuned"]):
        searches[who], seconds = trained(book, asked[who])
    tuned = searches["tuned"]
    start: str = cell.get("start") or model
    begins = str(searches[start].model) if start in searches else start
    mined = mined_in(place, book, searches[cell.get("miner", "base")], cell.get("negatives", 7))
    ranks = book_in(place / f"ranks-{Path(start).name.replace(':', '-')}", mined, begins, "reranking")
    reranker, ranking = trained(ranks, cell["reranker"])
    depth = cell.get("depth", DEPTH)
    both = {who: two_stages(reranker, first, depth=depth) for who, first in searches.items()}
    found = {
        "rows": book.data.rows,
        "seconds": {"search": seconds, "reranker": ranking},
        "steps": {"search": tuned.outcome["steps"], "reranker": reranker.outcome["steps"]},
        "looks": {"search": looks(tuned), "reranker": looks(reranker)},
        "search": compared(tuned, book.data),
        "on_top": {who: _told(found) for who, found in both.items()},
    }
    return found | ({"mixed": mixed(reranker, tuned, depth)} if cell.get("mixed") else {})


def book_in(place: Path, files: Path, model: str, task: str) -> Any:
    """The book in a folder: the one that is there, or a new one."""
    import tunebook as tb
    from tunebook.data.options import DataOptions
    from tunebook.verbs.steps.book import open_book

    return open_book(place) if place.is_dir() else tb.init(place, files, model=model, options=DataOptions(task=task))


def mined_in(place: Path, book: Any, run: Any, count: int) -> Path:
    """The folder with the negatives that a run has mined for the queries of a book."""
    from tunebook.tasks.ranking.mining import Rules
    from tunebook.verbs.mine import Models, mine

    mined = place / f"mined-{count}-{run.id}"
    if not mined.is_dir():
        mine(book.path, mined, Rules(count=count), by=Models(str(run.path)))
    return mined


def looks(run: Any) -> list[float]:
    """The headline at each look."""
    name = f"eval_{run.plan.params.metric}"
    return [entry[name] for entry in run.history if name in entry]


def mixed(reranker: Any, first: Any, depth: int) -> Cell:
    """NDCG@10 of the test queries where the scores of both stages are added, and its gain over the first stage, with
    both ends of 95 %; and what every weight gives on the validation rows, of which the best is taken."""
    from tunebook.stats.intervals import of_mean

    chosen = {weight: float(np.mean(_sum(reranker, first, depth, "validation", weight))) for weight in WEIGHTS}
    weight = max(chosen, key=lambda one: (chosen[one], -one))
    after, before = (_sum(reranker, first, depth, "test", one) for one in (weight, 0.0))
    ends = {"second": of_mean(after, None), "gain": of_mean(after - before, None)}
    told = {name: [end.value, end.low, end.high] for name, end in ends.items()}
    return {"weight": weight, "validation": {str(one): value for one, value in chosen.items()}, **told}


def _sum(reranker: Any, first: Any, depth: int, split: Any, weight: float) -> Any:
    """NDCG@10 of each query of a split by the sum of both stages' scores, shape (N,)."""
    from tunebook.core.judged import Judged
    from tunebook.core.registry import task_of
    from tunebook.data.frozen import prepared_data
    from tunebook.data.load import load
    from tunebook.verbs.steps.answers import answers, place_of
    from tunebook.verbs.two_stages import reranked

    plan, data = reranker.plan, prepared_data(reranker.plan)
    rows = load(data, split)
    assert rows.targets is not None
    before = Judged.of(answers(first, rows, place_of(first.plan, data, split))).best(depth)
    after = before.values_in(reranked(reranker, rows, before, f"{split}/behind-{first.id}-{depth}"))
    value = _standard(before, before.value) + weight * _standard(before, after)
    found = Judged(before.row, before.passage, value, before.rows).best(depth).matrix(np.float32)
    scores = task_of(plan.task)().row_scores(found, rows.targets, plan.labels, "ndcg@10")
    assert scores is not None
    return scores


def _standard(judged: Any, values: Any) -> Any:
    """Values of each query's passages less their mean, in standard deviations of them."""
    counts = np.maximum(judged.counts, 1)
    less = values - (np.bincount(judged.row, values, judged.rows) / counts)[judged.row]
    deviation = np.sqrt(np.bincount(judged.row, less**2, judged.rows) / counts)
    return less / np.maximum(deviation, 1e-9)[judged.row]


def _told(found: Any) -> Cell:
    """NDCG@10 before and after the reranker, and the change, each with both ends of 95 %."""
    ends = {"first": found.first["ndcg@10"], "second": found.second["ndcg@10"], "gain": found.gain}
    return {"found": found.found, **{name: [end.value, end.low, end.high] for name, end in ends.items()}}


def main(claim: str, arguments: list[str]) -> Path:
    """Measure the cells that are missing."""
    options, path = given(arguments, only="", cell=-1, keep=""), RESULTS / f"{claim}.json"
    for number, cell in enumerate(CELLS):
        if options.cell not in (-1, number) or options.only not in cell["set"]:
            continue
        if any(one["cell"] == cell for one in _done(path)):
            continue
        with ExitStack() as held:
            scratch = options.keep or held.enter_context(tempfile.TemporaryDirectory(prefix="tunebook-"))
            found = {"cell": cell, **measured(cell, Path(scratch) / cell["set"])}
        print(json.dumps(found), flush=True)
        write_result(claim, {"depth": DEPTH, "seeds": 1, "cells": [*_done(path), found]})
    return path


def _done(path: Path) -> list[Cell]:
    """The cells that have a result."""
    cells: list[Cell] = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.is_file() else []
    return cells


__all__ = ["CELLS", "main", "measured", "mixed", "trained"]
