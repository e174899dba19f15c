"""HEAD_RATE: does the proposed table reach what a linear model makes of the frozen base, and which rate decides that?

A base model that was made for vectors has no head, and often no trained pooler: both begin with random numbers. Each
cell trains 500 rows for 5 epochs at a rate for all, at a higher one for what comes after the last layer (`head_rate`),
or from a head that was fitted to the frozen base (`head_start`). The score is the accuracy on the same 500 held-out
rows after the last step; the frozen base answers the same rows. A later call goes on with the cells that are missing.

    OMP_NUM_THREADS=1 python -m benchmarks HEAD_RATE [--minutes 12] [--only en_trec6]
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.defaults import HELD_OUT, LENGTH, Material, run_cell
from benchmarks.record import fill, write_result
from benchmarks.sets import frozen_features, read_set

ROWS, EPOCHS, SEEDS = 500, 5, (0, 1)
# The arms are the rate, and the factor of what comes after the last layer; 0 for a head start.
FIRST = ((1e-4, 0), (1e-4, 1))
ZH = ((1e-4, 0), (1e-4, 10), (1e-4, 1), (3e-4, 1), (1e-4, 30))
GROUPS = (
    ("en_sst2", "builtin:minilm", FIRST),
    ("zh_thucnews_titles", "builtin:multilingual", ZH),
    ("en_banking77", "builtin:minilm", ((3e-4, 0), (3e-4, 1))),
    ("en_trec6", "builtin:minilm", (*FIRST, (1e-4, 10), (3e-4, 1))),
    ("zh_hotel_htl", "builtin:multilingual", ZH[:2]),
    ("en_fdu_reviews", "builtin:minilm", FIRST),
)
Cell = dict[str, Any]


def wanted(only: str = "") -> Iterator[Cell]:
    """Every run: the arms of one seed, then those of the next."""
    for seed in SEEDS:
        for name, model, arms in GROUPS:
            if only in name:
                for rate, factor in arms:
                    yield {"set": name, "model": model, "rate": rate, "factor": factor, "seed": seed}


def techniques(factor: float) -> dict[str, dict[str, Any]]:
    """What an arm switches on."""
    if not factor:
        return {"head_start": {}}
    return {} if factor == 1 else {"head_rate": {"factor": float(factor)}}


@cache
def frozen(name: str, model: str) -> float:
    """Accuracy of a logistic regression on the frozen base model's mean vectors, strength as its baseline chooses."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    rows = read_set(name)[: HELD_OUT + ROWS]
    features, labels = frozen_features(model, [text for text, _ in rows], LENGTH), [label for _, label in rows]
    search = GridSearchCV(LogisticRegression(max_iter=300, tol=1e-3), {"C": [1.0, 3.0, 10.0, 30.0, 100.0, 300.0]}, cv=3)
    return float(search.fit(features[HELD_OUT:], labels[HELD_OUT:]).score(features[:HELD_OUT], labels[:HELD_OUT]))


def summary(runs: list[Cell]) -> list[Cell]:
    """Per set: the frozen base, and of each arm its mean over the seeds and their values."""
    groups: dict[tuple[str, str], dict[tuple[float, float], list[float]]] = {}
    for run in runs:
        arms = groups.setdefault((run["set"], run["model"]), {})
        arms.setdefault((run["rate"], run["factor"]), []).append(run["accuracy"])
    return [
        {
            "set": name,
            "model": model,
            "frozen": next(run["frozen"] for run in runs if run["set"] == name),
            "arms": [
                {"rate": rate, "factor": factor, "accuracy": statistics.fmean(found), "seeds": found}
                for (rate, factor), found in arms.items()
            ],
        }
        for (name, model), arms in groups.items()
    ]


def _run(cell: Cell) -> Cell:
    asked = {**cell, "rows": ROWS, "epochs": EPOCHS, "techniques": techniques(cell["factor"])}
    found = run_cell(asked, Material(cell["set"], ROWS, cell["model"]))
    found.pop("right")
    return cell | found | {"frozen": frozen(cell["set"], cell["model"])}


def main(claim: str, arguments: list[str]) -> Path:
    """Run the cells that are missing until the budget is spent, and write the summary."""
    return fill(claim, arguments, wanted, _run, key=_key, write=_write)


def _write(claim: str, runs: list[Cell]) -> Path:
    return write_result(claim, {"rows": ROWS, "epochs": EPOCHS, "groups": summary(runs), "runs": runs})


def _key(cell: Cell) -> tuple[Any, ...]:
    return tuple(cell[name] for name in ("set", "model", "rate", "factor", "seed"))


__all__ = ["FIRST", "GROUPS", "ZH", "frozen", "main", "summary", "techniques", "wanted"]
