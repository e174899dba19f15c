"""What the claims share: tables trained on one real set with several seeds, judged by the gate's own statistics.

    book = claim_book("en_trec6", place, rows=600)
    arms = train_arms(book, {"constant": {...}, "cosine": {...}}, seeds=3)
    gain(arms["constant"], arms["cosine"])          # {"gain", "lower", "upper", "a", "b", "seeds", "rows"}

A claim's main() is the `run` of a `Claim`, which goes through the sets, resumes where a result is there, and writes it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import RESULTS, write_result
from benchmarks.sets import characters_of
from benchmarks.tables_matter import make_book

CLOCK = "processor_seconds"  # steadier than seconds where other work runs beside it
EPOCHS = {"early_stopping_patience": None}


@dataclass(frozen=True)
class Arm:
    """One table trained with several seeds.

    Attributes:
        right: score of each validation row by each seed, shape (seeds, rows).
        outcomes: what each training cost, as in outcome.json.
        runs: the runs themselves.
    """

    right: NDArray[np.float64]
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    runs: list[Any] = field(default_factory=list)

    @property
    def scores(self) -> list[float]:
        """Mean score of each seed."""
        return [float(value) for value in self.right.mean(1)]

    def mean(self, fact: str) -> float:
        """Mean over seeds of a fact of the outcomes, such as `seconds`."""
        return float(np.mean([outcome[fact] for outcome in self.outcomes]))


def claim_book(name: str, place: Path, *, rows: int, model: str = "") -> Any:
    """A book of a real set, its texts cut short: `rows` training rows, 500 validation rows, 100 test rows."""
    return make_book(name, place, rows, characters_of(name), model)


def passes(name: str, epochs: int) -> int:
    """Passes over the rows of a set: twice as many in Chinese, whose small model learns slowly."""
    return epochs * 2 if name.startswith("zh_") else epochs


def train_arms(book: Any, tables: Mapping[str, Mapping[str, Any]], *, seeds: int, looks: int = 1) -> dict[str, Arm]:
    """Train changes of the book's champion, each with the seeds 1 ... K, and score them on the validation rows.

    The arms take turns, seed by seed, so that whatever else the machine does meanwhile falls on all of them.

    Args:
        tables: name of the arm -> row of the table -> value; a technique may be given as `{"fgm": "on"}`.
        looks: at the validation rows, the last one at the end; the best is kept. Where a table says `eval_every`, that.
    """
    from tunebook.tables.make import child
    from tunebook.verbs.abtest.scored import split_exam
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.train import train

    exam = split_exam(book.data, "validation")
    runs: dict[str, list[Any]] = {name: [] for name in tables}
    for seed in range(1, 1 + seeds):
        for name, changes in tables.items():
            table = child(book.champion, {**changes, **_looking(book, changes, looks)})
            runs[name].append(train(plan(table, book.data, seed=seed), track=()))
    arms = {}
    for name, mine in runs.items():
        arms[name] = Arm(np.stack([scored(run, exam.rows) for run in mine]), [run.outcome for run in mine], mine)
        print(name, [round(score, 3) for score in arms[name].scores], flush=True)
    return arms


def _looking(book: Any, changes: Mapping[str, Any], looks: int) -> dict[str, int]:
    from tunebook.tables.in_force import settings_of
    from tunebook.tables.make import child
    from tunebook.tables.rules import planned_steps

    if changes.get("eval_every") is not None:
        return {}
    settings = settings_of(child(book.champion, dict(changes)))
    return {"eval_every": -(-planned_steps(settings, book.data.rows["train"]) // looks)}


def scored(run: Any, rows: Any) -> NDArray[np.float64]:
    """Score of each row by a run's model: 1 where it is right; with several labels a row, how well they are ranked."""
    from tunebook.core.registry import tasks
    from tunebook.engine.load import load_model
    from tunebook.stats.ranking import label_ranking

    logits = load_model(run.model, run.plan).logits(rows)
    if run.plan.labels.problem == "multi_label":
        return np.array([label_ranking(logits[[row]], rows.targets[[row]]) for row in range(len(logits))])
    found = tasks()[run.plan.task]().row_scores(logits, rows.targets, run.plan.labels, "accuracy")
    assert found is not None
    return np.asarray(found, dtype=np.float64)


def gain(a: Arm, b: Arm) -> dict[str, Any]:
    """What b is worth over a, both ends of the interval wrong with 5 % each."""
    from tunebook.stats.gate import two_way

    effect = two_way(b.right - a.right)
    return {
        "a": a.scores,
        "b": b.scores,
        "gain": effect.mean,
        "lower": effect.lower,
        "upper": effect.upper,
        "seeds": effect.seeds,
        "rows": effect.rows,
    }


def times(a: Arm, arms: Mapping[str, Arm]) -> dict[str, float]:
    """Time of each arm over that of a."""
    return {key: arm.mean(CLOCK) / a.mean(CLOCK) for key, arm in arms.items()}


@dataclass(frozen=True)
class Claim:
    """A claim of the field and how it is measured, set by set.

    Attributes:
        says: the claim in one sentence, as the field makes it.
        measure: set, options -> what was found on it.
        judge: what was found, by set -> `met`, `partly` or `not met`, and one sentence that says why.
        options: options with their values, such as `seeds` and `rows`.
    """

    says: str
    sets: tuple[str, ...]
    measure: Callable[[str, argparse.Namespace], dict[str, Any]]
    judge: Callable[[dict[str, Any]], tuple[str, str]]
    options: Mapping[str, int]

    def run(self, claim: str, arguments: list[str]) -> Path:
        """Measure the sets that are not in the result of the same options yet, and write it down after each."""
        read = argparse.ArgumentParser()
        for name, value in self.options.items():
            read.add_argument(f"--{name}", type=int, default=value)
        read.add_argument("--only", default="")
        given = read.parse_args(arguments)
        asked = {name: getattr(given, name) for name in self.options}
        path = RESULTS / f"{claim}.json"
        before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        found: dict[str, Any] = before["sets"] if before.get("asked") == asked else {}
        minutes = dict(before["minutes"]) if found else {}
        for name in (name for name in self.sets if given.only in name and name not in found):
            started = time.process_time()
            found[name] = self.measure(name, given)
            minutes[name] = round((time.process_time() - started) / 60, 1)
            verdict, why = self.judge(found)
            verdict = verdict if len(found) == len(self.sets) else "unfinished"
            head = {"claim": self.says, "verdict": verdict, "why": why, "asked": asked, "minutes": minutes}
            write_result(claim, {**head, "sets": found})
        return path


def in_a_book(name: str, rows: int, work: Callable[[Any], dict[str, Any]], model: str = "") -> dict[str, Any]:
    """Do some work with a fresh book of a set, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tunebook-") as place:
        return work(claim_book(name, Path(place), rows=rows, model=model))


__all__ = [
    "CLOCK",
    "EPOCHS",
    "Arm",
    "Claim",
    "claim_book",
    "gain",
    "in_a_book",
    "passes",
    "scored",
    "times",
    "train_arms",
]
