"""PEFT_DEFAULTS: which rate each parameter-efficient method wants; tuned defaults decide more than the method.

Every method is trained on each set at each of its rates with two seeds, all else as a book's own table has it, and
scored on the same 500 validation rows. The rate that is best on average over the sets is what the method's
`learning_rate` should be, unless a lower one is as good within two points: that is chance here, and a rate that is too
high is worse than one that is too low, the more so the larger the model.

    OMP_NUM_THREADS=1 python -m benchmarks PEFT_DEFAULTS [--seeds 2] [--rows 300] [--epochs 4] [--only lora]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.arms import EPOCHS, in_a_book, train_arms
from benchmarks.record import RESULTS, write_result

SETS = ("en_trec6", "zh_thucnews_titles")
RATES: dict[str, tuple[float, ...]] = {
    "lora": (3e-4, 1e-3, 3e-3, 1e-2),
    "adalora": (1e-3, 3e-3, 1e-2, 3e-2),
    "ia3": (3e-3, 1e-2, 3e-2, 1e-1),
    "adapter": (3e-4, 1e-3, 3e-3, 1e-2),
    "bitfit": (3e-4, 1e-3, 3e-3, 1e-2),
    "prefix": (1e-3, 3e-3, 1e-2, 3e-2),
    "prompt": (1e-3, 3e-3, 1e-2, 3e-2),
    "p_tuning": (3e-4, 1e-3, 3e-3, 1e-2),
}
_AS_GOOD = 0.02


def tried(name: str, key: str, options: argparse.Namespace) -> dict[str, list[float]]:
    """Rate -> accuracy of each seed, of a method on a set."""

    def work(book: Any) -> dict[str, list[float]]:
        common = {**EPOCHS, "max_epochs": options.epochs}
        tables = {f"{rate:g}": {**common, f"{key}.learning_rate": rate} for rate in RATES[key]}
        return {rate: arm.scores for rate, arm in train_arms(book, tables, seeds=options.seeds).items()}

    return in_a_book(name, options.rows, work)


def chosen(found: dict[str, dict[str, list[float]]]) -> dict[str, Any]:
    """The rate to take, from set -> rate -> scores."""
    rates = next(iter(found.values()))
    means = {rate: sum(sum(one[rate]) / len(one[rate]) for one in found.values()) / len(found) for rate in rates}
    best = max(means.values())
    rate = min((rate for rate, mean in means.items() if mean >= best - _AS_GOOD), key=float)
    return {"means": means, "rate": float(rate)}


def main(claim: str, arguments: list[str]) -> Path:
    """Try what is not in the result of the same options yet, and write it down after each method."""
    read = argparse.ArgumentParser()
    for name, value in {"seeds": 2, "rows": 300, "epochs": 4}.items():
        read.add_argument(f"--{name}", type=int, default=value)
    read.add_argument("--only", default="")
    given = read.parse_args(arguments)
    asked = {name: getattr(given, name) for name in ("seeds", "rows", "epochs")}
    path = RESULTS / f"{claim}.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found: dict[str, Any] = before["methods"] if before.get("asked") == asked else {}
    for key in (key for key in RATES if given.only in key and key not in found):
        print(key, flush=True)
        scores = {name: tried(name, key, given) for name in SETS}
        found[key] = {**chosen(scores), "sets": scores}
        write_result(claim, {"asked": asked, "methods": found})
    return path


__all__ = ["RATES", "SETS", "chosen", "main", "tried"]
