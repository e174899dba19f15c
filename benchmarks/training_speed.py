"""P1, P2 and TRIM: rows a second of a full fine-tune on a CPU, against the stock Trainer.

Both sides train the same model on the same rows with the same batch size, optimiser, schedule and number of steps.
They run one after the other, A B A B ..., each in a process of its own, so that neither warms up the other. Start-up,
tokenising and evaluation are left out of the time. The accuracy on the test rows after the last run of each side shows
that the faster one did not learn less.

P1 is a full fine-tune on sentences of about 22 tokens against the stock Trainer: rows a second on a CPU.

P2 is a full fine-tune on reviews of uneven length against the stock Trainer, with and without bf16 and grouping.

TRIM is a full fine-tune of a multilingual base model against the stock Trainer and against all rows of its vocabulary.

    python -m benchmarks P1 [--pairs 5] [--steps 60]
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.record import DATA, ROOT, given, ratio, write_result
from benchmarks.sets import read_set

CASES = {
    "P1": {"max_length": 128, "against": ("stock",), "what": "en_sst2, sentences of about 22 tokens"},
    "P2": {"max_length": 256, "against": ("stock", "stock_bf16_grouped"), "what": "en_fdu_reviews, uneven length"},
    "TRIM": {
        "max_length": 64,
        "against": ("whole", "stock"),
        "what": "zh_thucnews_titles; whole: Tunebook without the cut of the token vectors",
        "model": "builtin:multilingual",
    },
}
BATCH, RATE = 32, 1e-4
MODEL = "TUNEBOOK_BENCHMARK_MODEL"  # in the environment: a folder with another base model


def texts(case: str) -> tuple[list[str], list[int], list[str], list[int]]:
    """Training texts and labels, test texts and labels."""
    if case == "TRIM":
        rows = read_set("zh_thucnews_titles")
        chosen = [
            ([text for text, _ in part], [int(label) for _, label in part]) for part in (rows[:2000], rows[-200:])
        ]
        return (*chosen[0], *chosen[1])
    if case == "P1":
        return (*_sst2("train.tsv.gz"), *_sst2("test.tsv"))
    train: list[tuple[str, int]] = []
    test: list[tuple[str, int]] = []
    for path in sorted((DATA / "en_fdu_reviews").glob("*.task.*")):
        rows = test if path.name.endswith(".test") else train
        for line in _lines(path, "latin-1"):
            label, _, text = line.partition("\t")
            rows.append((text, int(label)))
    return [t for t, _ in train], [n for _, n in train], [t for t, _ in test[:1600]], [n for _, n in test[:1600]]


def _sst2(name: str) -> tuple[list[str], list[int]]:
    rows = [line.rsplit("\t", 1) for line in _lines(DATA / "en_sst2" / name, "utf-8")]
    return [text for text, _ in rows], [int(label) for _, label in rows]


def _lines(path: Path, encoding: str) -> list[str]:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode(encoding).rstrip("\n").split("\n")


def tokenized(tokenizer: Any, strings: list[str], labels: list[int], length: int) -> list[dict[str, Any]]:
    """Rows as the stock Trainer takes them, each a dict of its tokens and its label."""
    read = tokenizer(strings, truncation=True, max_length=length)
    return [{**{name: read[name][row] for name in read}, "labels": labels[row]} for row in range(len(strings))]


def run_stock(
    case: str, side: str, steps: int, score: bool, seed: int = 0, watch: Callable[[Any], Any] | None = None
) -> dict[str, float]:
    """transformers' Trainer as it comes, with bf16, or with bf16 and rows grouped by length.

    Args:
        watch: gives a callback of the trainer for the test rows, each a dict of its tokens and its label.
    """
    import torch
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    from tunebook.models.source import find_model

    folder = str(find_model(model_of(case)))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    train, labels, test, truth = texts(case)

    length = int(CASES[case]["max_length"])
    set_seed(seed)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(set(labels)))
    better: dict[str, Any] = {}
    if "bf16" in side:
        # Without a GPU it asks to be told that it is to compute on the CPU before it does so in bf16.
        better = {"bf16": True, "use_cpu": not torch.cuda.is_available()}
    if "grouped" in side:
        better |= {"train_sampling_strategy": "group_by_length"}
    with tempfile.TemporaryDirectory() as out:
        args = TrainingArguments(
            out, per_device_train_batch_size=BATCH, per_device_eval_batch_size=64, max_steps=steps, learning_rate=RATE,
            save_strategy="no", report_to=[], disable_tqdm=True, logging_steps=10_000, seed=seed, **better,
        )  # fmt: skip
        tested = tokenized(tokenizer, test, truth, length)
        trainer = Trainer(
            model=model, args=args, train_dataset=tokenized(tokenizer, train, labels, length),
            data_collator=DataCollatorWithPadding(tokenizer),
            callbacks=[watch(tested)] if watch else [],
        )  # fmt: skip
        start, used = time.perf_counter(), time.process_time()
        trainer.train()
        seconds, used = time.perf_counter() - start, time.process_time() - used
        result = {"seconds": seconds, "rows_per_second": steps * BATCH / seconds, "peak_bytes": peak_bytes()}
        result["processor_seconds"] = used
        if score:
            predicted = trainer.predict(tested).predictions.argmax(-1)
            result["accuracy"] = float((predicted == truth).mean())
    return result


def run_tunebook(
    case: str, steps: int, score: bool, seed: int = 0, watch: Callable[[Any], Any] | None = None
) -> dict[str, float]:
    """Tunebook's Fit with the same settings, its own defaults elsewhere; `watch` as in `run_stock`."""
    import numpy as np

    from tunebook.core.nouns import Labels
    from tunebook.core.task import Rows
    from tunebook.engine.fit import Material
    from tunebook.engine.infer import Inference
    from tunebook.engine.tokens import encode
    from tunebook.models.source import find_model, load_tokenizer
    from tunebook.tasks.text_classification import TextClassification

    folder = find_model(model_of(case))
    tokenizer = load_tokenizer(folder)
    length = int(CASES[case]["max_length"])
    train, labels, test, truth = texts(case)
    parts = [
        encode(Rows(strings, None, np.array(numbers), [str(i) for i in range(len(strings))]), TextClassification(),
               tokenizer, length)
        for strings, numbers in ((train, labels), (test, truth))
    ]  # fmt: skip
    labelled = Labels(problem="single_label", names=[str(number) for number in sorted(set(labels))])

    def accuracy(fit: Any, trainer: Any) -> dict[str, float]:
        logits = Inference(fit.task, tokenizer.pad_token_id).run(trainer.model, parts[1]).logits
        return {"accuracy": float((logits.argmax(-1) == truth).mean())}

    material = Material(folder, tokenizer, parts[0], parts[1])
    settings = {"max_length": length, "max_steps": steps, "seed": seed}
    tested = tokenized(tokenizer, test, truth, length) if watch else []
    return timed_fit(
        TextClassification(), labelled, material, settings, accuracy if score else None,
        callbacks=[watch(tested)] if watch else [],
    )  # fmt: skip


def timed_fit(
    task: Any,
    labels: Any,
    material: Any,
    settings: dict[str, Any],
    scored: Callable[[Any, Any], dict[str, float]] | None,
    callbacks: Sequence[Any] = (),
) -> dict[str, float]:
    """Seconds and rows a second of Tunebook's training, and what `scored` says of the fit and its trainer.

    Args:
        settings: `max_length`, `max_steps`, and what else is to differ; callbacks: of the trainer.
    """
    from transformers.trainer_utils import IntervalStrategy

    from tunebook.core.nouns import Estimate, Plan
    from tunebook.core.settings import Filled
    from tunebook.engine.fit import Fit
    from tunebook.engine.last_layer import lighter
    from tunebook.engine.speedups import restore

    usual = {
        "learning_rate": RATE, "batch_size": BATCH, "weight_decay": 0.0, "warmup_ratio": 0.0, "warmup_steps": 0,
        "metric": task.headline(labels), "length_bucketing": "on", "early_stopping_patience": None, "seed": 0,
        "max_epochs": 1000,
    }  # fmt: skip
    params = Filled(**(usual | settings))
    params = task.settled(params, material.model_folder, labels, "")
    steps = params.max_steps
    plan = Plan(
        task=task.key, model=str(material.model_folder), model_id="", labels=labels, params=params, techniques={},
        table="", table_version=0, data="", data_path=Path(), seed=params.seed, versions={},
        estimate=Estimate(seconds=0, memory_bytes=0, steps=steps, parameters=0, trained=0),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as out:
        fit = Fit(plan, material, Path(out), callbacks=callbacks)
        trainer = fit.prepare()
        # The other side takes no looks at validation rows and keeps no checkpoint either.
        trainer.args.eval_strategy = trainer.args.save_strategy = IntervalStrategy.NO
        trainer.args.load_best_model_at_end = False
        start, used = time.perf_counter(), time.process_time()
        with lighter(trainer, fit.texts):
            trainer.train()
        seconds, used, peak = time.perf_counter() - start, time.process_time() - used, peak_bytes()
        restore(trainer.model)  # the test rows may hold tokens that the training rows do not
        rows = steps * params.batch_size
        result = {"seconds": seconds, "rows_per_second": rows / seconds, "peak_bytes": peak, "processor_seconds": used}
        return result | (scored(fit, trainer) if scored else {})


def model_of(case: str) -> str:
    """The base model of a case, unless the environment names another."""
    return os.environ.get(MODEL) or str(CASES[case].get("model", "builtin:minilm"))


def peak_bytes() -> int:
    """The most memory that this process has had in use: of the GPU where there is one."""
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def keep_whole() -> None:
    """Let Tunebook train every token vector, as others do."""
    from tunebook.engine import fit

    fit.trim = lambda model, tokens: None  # type: ignore[assignment]


def has_bf16() -> bool:
    """Whether this machine computes in bf16; the stock Trainer refuses to train in it on any other."""
    import torch

    return torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def alternated(
    module: str, case: str, sides: Sequence[str], pairs: int, steps: int
) -> dict[str, list[dict[str, float]]]:
    """What each side measures, one after the other, so many times; only the last of each is scored.

    Args:
        module: run with the case, the side, the steps and 1 for a score; its last line is the measurement as JSON.
    """
    found: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    for pair in range(pairs):
        for side in sides:
            command = [sys.executable, "-m", module, case, side, str(steps), str(int(pair == pairs - 1))]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            found[side].append(json.loads(done.stdout.strip().splitlines()[-1]))
            print(case, pair, side, found[side][-1], flush=True)
    return found


def main(case: str, arguments: list[str]) -> Path:
    """Alternate the sides and write the result."""
    options = given(arguments, pairs=5, steps=60)
    sides = ("tunebook", *(side for side in CASES[case]["against"] if "bf16" not in side or has_bf16()))
    found = alternated("benchmarks.training_speed", case, sides, options.pairs, options.steps)
    ratios, used = (
        {
            side: ratio([one(a, b) for a, b in zip(found["tunebook"], rows, strict=True)])
            for side, rows in found.items()
            if side != "tunebook"
        }
        for one in (
            lambda a, b: a["rows_per_second"] / b["rows_per_second"],
            lambda a, b: b["processor_seconds"] / a["processor_seconds"],
        )
    )
    return write_result(
        f"{case}_training_speed",
        {
            "case": CASES[case]["what"],
            "steps": options.steps,
            "batch_size": BATCH,
            "runs": found,
            "speed_ratio": ratios,
            "processor_ratio": used,
        },
    )


if __name__ == "__main__":
    name, chosen, count, scored = sys.argv[1:5]
    if chosen in ("tunebook", "whole"):
        if chosen == "whole":
            keep_whole()
        outcome = run_tunebook(name, int(count), scored == "1")
    else:
        outcome = run_stock(name, chosen, int(count), scored == "1")
    print(json.dumps(outcome))
