"""PREFERENCES: what a small model learns from 144 pairs of answers, of pairs that it has not seen.

dpo_zh_demo, half of it to learn from and 30 % to test. The model is one of Llama's kind with 2 layers and 1.4 M
parameters, whose weights are random and whose tokens are a BPE that the rows have trained: before training no answer
has gained anything (accuracy 0.5), and what it tells afterwards it has from the pairs alone. Each seed draws
other batches; the rows of all are the same.

    OMP_NUM_THREADS=1 python -m benchmarks PREFERENCES [--seeds 3]
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.preference_speed import FILE, base
from benchmarks.record import RESULTS, Cell, given, write_result

CHANGED: dict[str, Any] = {
    "learning_rate": 1e-3, "max_epochs": 4, "batch_size": 8, "max_length": 384, "precision": "fp32",
    "early_stopping_patience": None,
}  # fmt: skip
SMALL = {"hidden_size": 128, "intermediate_size": 352, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 4}  # fmt: skip


def run(seed: int) -> Cell:
    """A training and its report."""
    from tunebook.data.options import DataOptions
    from tunebook.tables.make import child
    from tunebook.verbs.evaluate import evaluate
    from tunebook.verbs.init import init
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.train import train

    with tempfile.TemporaryDirectory() as out:
        begun = time.process_time()
        model = base(Path(out) / "base", **SMALL)
        options = DataOptions(task="preference", split="5:2:3")
        book = init(Path(out) / "book", FILE, model=str(model), options=options)
        made = train(plan(child(book.champion, dict(CHANGED)), book.data, seed=seed))
        report = evaluate(made, book.data)
        interval = report.intervals["preference_accuracy"]
        return {
            "seed": seed, "rows": book.data.rows, "validation": made.validation_scores, "test": report.metrics,
            "interval": [interval.low, interval.high], "baselines": {
                name: scores["preference_accuracy"] for name, scores in report.baselines.items()
            },
            "length": report.extra["length"], "processor_seconds": time.process_time() - begun,
        }  # fmt: skip


def main(claim: str, arguments: list[str]) -> Path:
    """The seeds that are missing."""
    path = RESULTS / f"{claim}.json"
    runs: list[Cell] = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.is_file() else []
    for seed in range(given(arguments, seeds=3).seeds):
        if seed not in [cell["seed"] for cell in runs]:
            runs.append(run(seed))
            print(runs[-1], flush=True)
            write_result(claim, {"case": "dpo_zh_demo", "changed": CHANGED, "model": SMALL, "runs": runs})
    return path
