"""DEFAULTS: which learning rate and how many epochs suit small encoders when training rows are few.

Every cell is one set, one number of training rows, one rate, one number of epochs, with two seeds; all else is as
Tunebook proposes (AdamW, a tenth of warm-up, linear fall, batches of 16 below 2000 rows). The score is the accuracy on
the same 500 held-out rows after the last step: no checkpoint is chosen by them. Cells are run in the order of `GROUPS`
until the budget of processor time is spent; a later call goes on with those that are missing.

    OMP_NUM_THREADS=1 python -m benchmarks DEFAULTS [--minutes 12] [--only en_trec6]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.record import RESULTS, write_result
from benchmarks.sets import model_of, read_set

GROUPS = (
    ("zh_thucnews_titles", 300, (4, 16)),
    ("en_trec6", 300, (4, 16)),
    ("zh_thucnews_titles", 1500, (2, 4)),
    ("en_banking77", 1500, (4, 8)),
    ("en_trec6", 1500, (2, 4)),
    ("en_sst2", 300, (4, 16)),
    ("zh_hotel_htl", 300, (4, 16)),
    ("zh_hotel_htl", 1500, (2, 4)),
    ("en_sst2", 1500, (2, 4)),
)
RATES = (1e-4, 3e-4, 1e-3)
SEEDS = (0, 1)
HELD_OUT, BATCH, LENGTH = 500, 16, 64
Cell = dict[str, Any]


def wanted(only: str = "") -> Iterator[Cell]:
    """Every run of the study, most useful first: both seeds of a cell one after the other."""
    for name, rows, epochs in GROUPS:
        if only in name:
            yield from (
                {"set": name, "rows": rows, "rate": rate, "epochs": count, "seed": seed}
                for count in epochs
                for rate in RATES
                for seed in SEEDS
            )


class Material:
    """Tokens of a set's first rows, or of those that are given, made once for all its cells."""

    def __init__(self, name: str, rows: int, model: str = "", train: Sequence[tuple[str, str]] = ()) -> None:
        import numpy as np

        from tunebook.core.nouns import Labels
        from tunebook.core.task import Rows
        from tunebook.engine.tokens import encode
        from tunebook.models.source import find_model, load_tokenizer
        from tunebook.tasks.text_classification import TextClassification

        found = read_set(name)
        held, train = found[:HELD_OUT], train or found[HELD_OUT : HELD_OUT + rows]
        self.name = model or model_of(name)
        self.folder = find_model(self.name)
        self.tokenizer = load_tokenizer(self.folder)
        self.labels = Labels(problem="single_label", names=sorted({label for _, label in found}))
        self.train, self.held = (
            encode(
                Rows(
                    [text for text, _ in part],
                    None,
                    np.array([self.labels.names.index(label) for _, label in part]),
                    [str(number) for number in range(len(part))],
                ),
                TextClassification(),
                self.tokenizer,
                LENGTH,
            )
            for part in (train, held)
        )


def run_cell(cell: Cell, material: Material) -> Cell:
    """Accuracy on the held-out rows, which of them are right, and the processor's seconds of one training."""
    from tunebook.engine.fit import Material as Tokens

    tokens = Tokens(material.folder, material.tokenizer, material.train, material.held)
    logits, spent = trained(cell, tokens, Learns("text_classification", material.labels, "accuracy", LENGTH))
    right = logits.argmax(-1) == material.held.fixed["labels"]
    return {"accuracy": float(right.mean()), **spent, "right": right}


class Learns(NamedTuple):
    """What cells learn: a task, its labels, the metric that is asked for, and the tokens of a row or window."""

    task: str
    labels: Any
    metric: str
    length: int


def trained(cell: Cell, tokens: Any, learns: Learns) -> tuple[Any, dict[str, float]]:
    """Answers to the held-out rows after the last step of one training, and what it took.

    Args:
        cell: `rows`, `rate`, `epochs`, `seed`, perhaps `batch` and `techniques`.
        tokens: `tunebook.engine.fit.Material`.
    """
    from transformers.trainer_utils import IntervalStrategy

    from tunebook.core.nouns import Estimate, Plan
    from tunebook.core.settings import Filled
    from tunebook.engine import fit as engine
    from tunebook.engine.infer import Inference
    from tunebook.engine.speedups import restore

    batch = cell.get("batch", BATCH)
    steps = math.ceil(cell["rows"] / batch) * cell["epochs"]
    params = Filled(
        learning_rate=cell["rate"], batch_size=batch, max_epochs=cell["epochs"], max_length=learns.length,
        metric=learns.metric, length_bucketing="on", precision="fp32", early_stopping_patience=None, seed=cell["seed"],
        warmup_steps=steps // 10,
    )  # fmt: skip
    plan = Plan(
        task=learns.task, model=str(tokens.model_folder), model_id="", labels=learns.labels, params=params,
        techniques=cell.get("techniques", {}), table="", table_version=0, data="", data_path=Path(), seed=cell["seed"],
        versions={},
        estimate=Estimate(seconds=0, memory_bytes=0, steps=steps, parameters=0, trained=0),
    )  # fmt: skip
    start = time.process_time()
    with tempfile.TemporaryDirectory() as out:
        fit = engine.Fit(plan, tokens, Path(out))
        trainer = fit.prepare()
        trainer.args.eval_strategy = trainer.args.save_strategy = IntervalStrategy.NO
        trainer.args.load_best_model_at_end = False
        trainer.train()
        with trainer.weave.scoring():
            restore(trainer.model)
            answers = Inference(fit.task, tokens.tokenizer.pad_token_id).run(trainer.model, tokens.validation).logits
    return answers, {"cpu_seconds": time.process_time() - start, "steps": steps}


def summary(runs: list[Cell]) -> list[dict[str, Any]]:
    """Per set and size: mean and spread of each cell over the seeds, the best, and the regret of the rule's choice."""
    groups: dict[tuple[str, int], dict[tuple[float, int], list[Cell]]] = {}
    for run in runs:
        cells = groups.setdefault((run["set"], run["rows"]), {})
        cells.setdefault((run["rate"], run["epochs"]), []).append(run)
    return [_group(name, rows, cells) for (name, rows), cells in groups.items()]


def _group(name: str, rows: int, cells: dict[tuple[float, int], list[Cell]]) -> dict[str, Any]:
    table = [
        {
            "rate": rate,
            "epochs": epochs,
            "accuracy": statistics.fmean(item["accuracy"] for item in found),
            "sd": statistics.stdev(item["accuracy"] for item in found),
            "cpu_seconds": statistics.fmean(item["cpu_seconds"] for item in found),
        }
        for (rate, epochs), found in cells.items()
        if len(found) == len(SEEDS)
    ]
    best = max(table, key=lambda cell: cell["accuracy"], default=None)
    rate, epochs = rule(name, rows)
    chosen = next((cell for cell in table if (cell["rate"], cell["epochs"]) == (rate, epochs)), None)
    return {
        "set": name,
        "rows": rows,
        "complete": len(table) == sum(len(wide) for n, r, wide in GROUPS if (n, r) == (name, rows)) * len(RATES),
        "cells": table,
        "best": best,
        "rule": {"rate": rate, "epochs": epochs},
        "regret": best["accuracy"] - chosen["accuracy"] if best and chosen else None,
    }


def rule(name: str, rows: int) -> tuple[float, int]:
    """Rate that Tunebook proposes for such a set today, and the epochs that are enough steps in batches of 16."""
    from tunebook.core.nouns import Labels
    from tunebook.core.registry import tasks
    from tunebook.models.source import find_model
    from tunebook.tables.case import Case, Machine
    from tunebook.tables.propose import RULES
    from tunebook.verbs.steps.model_facts import model_facts

    classes = sorted({label for _, label in read_set(name)})
    labels = Labels(problem="single_label", names=classes)
    facts = model_facts(model_of(name), find_model(model_of(name)), tasks()["text_classification"](), labels, 512)
    case = Case({}, labels, rows, facts, Machine(cores=2, memory_bytes=16 << 30))
    rate = RULES["learning_rate"](case)
    assert rate is not None
    return float(str(rate.value)), case.passes(BATCH)


def main(claim: str, arguments: list[str]) -> Path:
    """Run the cells that are missing until the budget is spent, and write the summary."""
    read = argparse.ArgumentParser()
    read.add_argument("--minutes", type=float, default=12.0, help="processor time of this call")
    read.add_argument("--only", default="", help="part of a set's name")
    options = read.parse_args(arguments)
    path = RESULTS / f"{claim}.json"
    before = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.is_file() else []
    done = {_key(run): run for run in before}
    material: dict[tuple[str, int], Material] = {}
    for cell in wanted(options.only):
        if _key(cell) in done:
            continue
        if time.process_time() > 60 * options.minutes:
            break
        place = (cell["set"], cell["rows"])
        if place not in material:
            material = {place: Material(*place)}  # one set at a time stays in memory
        found = run_cell(cell, material[place])
        found.pop("right")
        done[_key(cell)] = cell | found | {"threads": os.environ.get("OMP_NUM_THREADS", "")}
        print(done[_key(cell)], flush=True)
        _write(claim, list(done.values()))
    return _write(claim, list(done.values()))


def _key(cell: Cell) -> tuple[Any, ...]:
    return tuple(cell[name] for name in ("set", "rows", "rate", "epochs", "seed"))


def _write(claim: str, runs: list[Cell]) -> Path:
    return write_result(claim, {"held_out": HELD_OUT, "batch_size": BATCH, "groups": summary(runs), "runs": runs})


__all__ = ["GROUPS", "RATES", "Learns", "main", "summary", "trained", "wanted"]
