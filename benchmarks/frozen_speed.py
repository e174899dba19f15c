"""FROZEN (P3 of the targets): ten epochs with frozen layers, and a search over them, on a CPU.

Against the stock Trainer with the same layers frozen, and against Tunebook that computes them in each pass. All sides
train the same model on the same rows for as many epochs, look at the same validation rows after each of them, and keep
the best checkpoint. They run one after the other, A B A B ..., each in a process of its own and with an empty cache;
start-up and tokenising are left out of the time, reading the texts with the frozen layers is not. `search` trains
twenty tables of different rates, of which all but the first find what the frozen layers make of the texts.

    python -m benchmarks FROZEN [--texts P1] [--cases all,half,search] [--pairs 5] [--rows 2000] [--epochs 10]
        [--trials 20] [--model builtin:minilm]

`--texts P2` reads reviews of uneven length in place of sentences; its result is `FROZEN_UNEVEN`. That of another base
model, of BERT's kind, bears its name.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from benchmarks.record import ROOT, given, ratio, write_result
from benchmarks.training_speed import CASES as SETS
from benchmarks.training_speed import texts, tokenized
from tunebook.engine.outcome import Clock
from tunebook.models.source import find_model, read_config

MODEL = "builtin:minilm"
BATCH = 32
CASES: dict[str, dict[str, Any]] = {
    "all": {"share": 1.0, "rate": 3e-3, "sides": ("tunebook", "anew", "stock")},
    "half": {"share": 0.5, "rate": 1e-4, "sides": ("tunebook", "anew", "stock")},
    "search": {"share": 1.0, "rate": 3e-3, "sides": ("search", "anew")},
}
_VALIDATION = 500  # rows at most
Rows = tuple[list[str], list[int]]


@dataclass(frozen=True)
class Asked:
    """What a side does: one of `CASES`, on `rows` rows of the texts of P1 or P2, with a base model."""

    case: str
    side: str
    texts: str
    model: str
    rows: int
    epochs: int
    trials: int

    @property
    def length(self) -> int:
        """Tokens of a text at most."""
        return int(SETS[self.texts]["max_length"])

    @property
    def layers(self) -> int:
        """Those that are frozen, from the lowest."""
        return round(CASES[self.case]["share"] * read_config(self.folder)["num_hidden_layers"])

    @property
    def folder(self) -> Path:
        """Of the base model."""
        return find_model(self.model)


def parts(name: str, rows: int) -> tuple[Rows, Rows]:
    """Training and validation rows."""
    strings, labels, test, truth = texts(name)
    return (strings[:rows], labels[:rows]), (test[: _looked_at(rows)], truth[: _looked_at(rows)])


def _looked_at(rows: int) -> int:
    """Validation rows beside so many training rows."""
    return min(rows, _VALIDATION)


def run_stock(asked: Asked) -> dict[str, float]:
    """transformers' Trainer with its defaults."""
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    folder = str(asked.folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)

    read = parts(asked.texts, asked.rows)
    train, validation = (tokenized(tokenizer, *part, asked.length) for part in read)
    with tempfile.TemporaryDirectory() as out:
        clock = Clock.start()
        set_seed(0)
        model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(set(read[0][1])))
        model.bert.embeddings.requires_grad_(False)
        model.bert.encoder.layer[: asked.layers].requires_grad_(False)
        args = TrainingArguments(
            out, per_device_train_batch_size=BATCH, per_device_eval_batch_size=64, num_train_epochs=asked.epochs,
            learning_rate=CASES[asked.case]["rate"], eval_strategy="epoch", save_strategy="epoch", save_total_limit=1,
            load_best_model_at_end=True, metric_for_best_model="accuracy", report_to=[], disable_tqdm=True,
        )  # fmt: skip
        trainer = Trainer(
            model=model, args=args, train_dataset=train, eval_dataset=validation,
            data_collator=DataCollatorWithPadding(tokenizer),
            compute_metrics=lambda found: {"accuracy": float((found.predictions.argmax(-1) == found.label_ids).mean())},
        )  # fmt: skip
        trainer.train()
        return _taken(clock) | {"accuracy": float(trainer.state.best_metric)}


def run_tunebook(asked: Asked) -> dict[str, float]:
    """Tunebook's Fit, once or for each rate of a search."""
    import numpy as np

    from tunebook.core.task import Rows as Texts
    from tunebook.engine import frozen
    from tunebook.engine.material import Material
    from tunebook.engine.tokens import encode
    from tunebook.models.source import load_tokenizer
    from tunebook.tasks.text_classification import TextClassification

    if asked.side == "anew":
        frozen._known = lambda *_: None
    tokenizer = load_tokenizer(asked.folder)
    encoded = [
        encode(Texts(strings, None, np.array(labels), [str(row) for row in range(len(strings))]), TextClassification(),
               tokenizer, asked.length)
        for strings, labels in parts(asked.texts, asked.rows)
    ]  # fmt: skip
    rate = CASES[asked.case]["rate"]
    rates = rate * np.geomspace(0.2, 5, asked.trials) if asked.side == "search" else [rate]
    with tempfile.TemporaryDirectory() as out:
        material = Material(asked.folder, tokenizer, *encoded, cache=Path(out) / "cache")
        clock = Clock.start()
        scores = [_fit(asked, material, Path(out) / f"{number}", float(one)) for number, one in enumerate(rates)]
        return _taken(clock) | {"accuracy": max(scores)}


def _taken(clock: Clock) -> dict[str, float]:
    since = clock.since()
    return {"seconds": since.wall, "processor_seconds": since.processor}


def _fit(asked: Asked, material: Any, folder: Path, rate: float) -> float:
    """The best accuracy of a training."""
    from tunebook.core.nouns import Estimate, Labels, Plan
    from tunebook.core.settings import Filled
    from tunebook.engine.fit import Fit
    from tunebook.engine.track import read_history

    folder.mkdir()
    params = Filled(
        learning_rate=rate, batch_size=BATCH, weight_decay=0.0, warmup_ratio=0.0, warmup_steps=0,
        max_length=asked.length, max_epochs=asked.epochs, metric="accuracy", length_bucketing="on",
        early_stopping_patience=None, seed=0,
    )  # fmt: skip
    plan = Plan(
        task="text_classification", model=str(material.model_folder), model_id="", params=params, table="",
        labels=Labels(problem="single_label", names=[str(one) for one in range(1 + int(material.train.targets.max()))]),
        table_version=0,
        techniques={"freeze": {"layers": asked.layers}},
        data="", data_path=Path(), seed=0, versions={},
        estimate=Estimate(seconds=0, memory_bytes=0, steps=1, parameters=0, trained=0),
    )  # fmt: skip
    Fit(plan, material, folder).run()
    return max(entry["eval_accuracy"] for entry in read_history(folder / "metrics.jsonl") if "eval_accuracy" in entry)


def main(case: str, arguments: list[str]) -> Path:
    """Alternate the sides of each case and write the result."""
    options = given(arguments, texts="P1", cases=",".join(CASES), pairs=5, rows=2000, epochs=10, trials=20, model=MODEL)
    found: dict[str, Any] = {}
    for name in options.cases.split(","):
        told = CASES[name]
        runs: dict[str, list[dict[str, float]]] = {side: [] for side in told["sides"]}
        for pair in range(options.pairs):
            for side in told["sides"]:
                asked = Asked(name, side, options.texts, options.model, options.rows, options.epochs, options.trials)
                runs[side].append(_measured(asked))
                print(name, pair, side, runs[side][-1], flush=True)
        own, *others = told["sides"]
        found[name] = {
            "layers_frozen": asked.layers,
            "runs": runs,
            **{
                named: {side: ratio(_ratios(runs[side], runs[own], clock)) for side in others}
                for named, clock in (("speed_ratio", "seconds"), ("processor_ratio", "processor_seconds"))
            },
            "accuracy": {side: [run["accuracy"] for run in runs[side]] for side in told["sides"]},
        }
    named = options.model.rpartition(":")[2].rpartition("/")[2]
    search = found.get("search", {}).get("runs")
    rows = f"{options.rows} rows, {_looked_at(options.rows)} for looks"
    what = f"{SETS[options.texts]['what']}; {rows}, {options.epochs} epochs, {options.model}"
    return write_result(
        "_".join(["FROZEN", *["UNEVEN"] * (options.texts == "P2"), *[named] * (options.model != MODEL)]),
        {
            "case": what,
            "batch_size": BATCH,
            "trials": options.trials,
            **found,
            **({"search_in_trainings": ratio(_ratios(search["search"], search["anew"], "seconds"))} if search else {}),
        },
    )


def _measured(asked: Asked) -> dict[str, float]:
    """What a side took and scored, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.frozen_speed", *map(str, astuple(asked))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _ratios(ones: list[dict[str, float]], others: list[dict[str, float]], clock: str) -> list[float]:
    return [one[clock] / other[clock] for one, other in zip(ones, others, strict=True)]


if __name__ == "__main__":
    words, numbers = sys.argv[1:5], sys.argv[5:]
    told = Asked(*words, *map(int, numbers))
    print(json.dumps(run_stock(told) if told.side == "stock" else run_tunebook(told)))
