"""Plans, reports and rows of believable runs, for the tests of reports."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from tests.scored import intervals, scores
from tunebook.core.nouns import DataRef, Estimate, Labels, ParamTable, Plan, Report, Roles, TableRow
from tunebook.core.settings import Filled
from tunebook.core.training import Training
from tunebook.stats.calibration import reliability, softmax
from tunebook.stats.counts import confusion_matrix, counts_of_confusion, per_class

BASELINES = {"majority": -1.2, "tfidf_logreg": 0.6, "frozen_logreg": 1.1}


def plan_of(labels: Labels, **techniques) -> Plan:
    own = {"learning_rate": 3e-5, "metric": "accuracy", "max_length": 128, "warmup_steps": 10}
    return Plan(
        task="text_classification",
        model="org/tiny-bert",
        model_id="0123456789ab",
        labels=labels,
        params=Filled(**{**Training().model_dump(), **own}),
        techniques=techniques or {"fgm": {"epsilon": 1.0}},
        table="aaaabbbbcccc",
        table_version=2,
        data="ddddeeeeffff",
        data_path=Path("data"),
        seed=42,
        versions={"torch": "2.13.0", "transformers": "5.23.0"},
        estimate=Estimate(seconds=60, memory_bytes=10**9, steps=100, parameters=10**7, trained=10**7),
    )


def answers(rows: int, classes: int, signal: float, seed: int = 0):
    """Logits and targets in which neighbouring classes are confused more than others."""
    rng = np.random.default_rng(seed)
    targets = rng.choice(classes, size=rows, p=rng.dirichlet(np.full(classes, 4.0)))
    logits = rng.normal(size=(rows, classes))
    near = np.exp(-np.abs(targets[:, None] - np.arange(classes)[None, :]))
    return logits + signal * 3 * near, targets


def classified(rows: int, names: list[str], signal: float = 1.4) -> tuple[Plan, Report]:
    labels = Labels(problem="single_label", names=names)
    logits, targets = answers(rows, len(names), signal)
    confusion = confusion_matrix(targets, logits.argmax(1), len(names))
    report = Report(
        run="20250102-ab12",
        split="test",
        rows=rows,
        content="ddddeeeeffff",
        headline="accuracy",
        metrics=scores("single_label", logits, targets),
        intervals=intervals("single_label", logits, targets),
        baselines={
            name: scores("single_label", *answers(rows, len(names), max(level, 0.0)))
            for name, level in BASELINES.items()
        },
        per_class=per_class(counts_of_confusion(confusion), names),
        confusion=confusion.tolist(),
        extra={
            "reliability": [asdict(row) for row in reliability(softmax(logits).max(1), logits.argmax(1) == targets)],
            "created": "2025-01-02 10:11+00:00",
        },
    )
    return plan_of(labels), report


def rated(rows: int = 400) -> tuple[Plan, Report]:
    rng = np.random.default_rng(0)
    target = np.clip(rng.normal(2.5, 1.2, rows), 0, 5)
    pred = target + rng.normal(0, 0.6, rows)
    report = Report(
        run="r7",
        split="validation",
        rows=rows,
        content="ddddeeeeffff",
        headline="spearman",
        metrics=scores("regression", pred, target),
        intervals=intervals("regression", pred, target),
        baselines={"majority": scores("regression", np.full(rows, target.mean()), target)},
        extra={"scatter": np.stack([target, pred], 1).tolist()},
    )
    return plan_of(Labels(problem="regression", low=0.0, high=5.0)), report


def history(steps: int = 300, metric: str = "accuracy") -> list[dict[str, float]]:
    rng = np.random.default_rng(1)
    found: list[dict[str, float]] = []
    for step in range(10, steps + 1, 10):
        found.append({"step": step, "epoch": step / 100, "loss": 0.3 + np.exp(-step / 80) + rng.normal(0, 0.03)})
        if step % 50 == 0:
            loss = 0.35 + 0.9 * np.exp(-step / 70) + 1e-6 * step**2
            score = 0.92 - 0.5 * np.exp(-step / 60) - 2e-7 * step**2
            found.append({"step": step, "epoch": step / 100, "eval_loss": loss, f"eval_{metric}": score})
    return found


def stats_of(names: list[str], language: str = "en") -> dict:
    rng = np.random.default_rng(2)
    counts = {name: int(count) for name, count in zip(names, rng.integers(20, 900, len(names)), strict=True)}
    lengths = np.bincount(np.clip(rng.lognormal(3, 0.5, 4000), 4, 120).astype(int))
    return {
        "rows": {"train": 4000, "validation": 500, "test": 1000},
        "characters": {"mean": 84.12, "p50": 71.0, "p95": 190.0, "p99": 280.0, "max": 912.0},
        "tokens": {
            "rows": 4000,
            "unknown_share": 0.0012,
            "p50": 20,
            "p95": 46,
            "p99": 66,
            "max": 120,
            "lengths": {str(length): int(times) for length, times in enumerate(lengths) if times},
        },
        "classes": {
            split: {name: count // part for name, count in counts.items()}
            for split, part in (("train", 1), ("validation", 8), ("test", 4))
        },
        "imbalance": 7.5,
        "language": language,
        "length_label_link": 0.031,
        "agreement": 0.87,
        "ledger": {
            "read": 5620,
            "kept": 5500,
            "dropped": {"duplicate": 80, "empty_text": 40},
            "changed": {"html": 31, "space": 210},
            "changed_rows": 230,
            "truncated": 0,
        },
        "cleaning": {
            "rules": ["html", "space"],
            "changed": {"html": {"rows": 31, "examples": [{"before": "a <b>word</b>", "after": "a word"}]}},
        },
        "warnings": [{"code": "class_small", "message": "3 classes have few rows.", "fields": {}}],
    }


def ref_of(labels: Labels, language: str = "en") -> DataRef:
    return DataRef(
        path=Path("data"),
        sources={"reviews.csv": "111122223333"},
        roles=Roles(text="text", label="label", annotators=["ann", "bob"]),
        labels=labels,
        rows={"train": 4000, "validation": 500, "test": 1000},
        content="ddddeeeeffff",
        stats=stats_of(labels.names, language),
    )


def errors(names: list[str], text: str = "The parcel never came and nobody answers the phone.") -> list[dict]:
    return [
        {
            "id": str(row),
            "text": text,
            "pair": None,
            "true": names[0],
            "label": names[-1],
            "score": 0.99 - row / 99,
        }
        for row in range(6)
    ]


COUNTERS = {"fgm": {"calls": 300.0, "shift_norm": 0.9987}}
COST = {
    "seconds": 312.4,
    "rows": 12000,
    "steps": 300,
    "rows_per_second": 38.4,
    "peak_memory_bytes": 1_950_000_000,
    "precision": "fp32",
    "device": "cpu",
    "best_step": 250,
    "counters": COUNTERS,
}
TABLE = ParamTable(
    rows={
        "learning_rate": TableRow(value=3e-5, default=5e-5, reason="small data set", description="peak step size"),
        "fgm.epsilon": TableRow(value=1.0, default=1.0, description="length of the shift"),
    }
)


def parts(plan: Plan, **changed) -> dict:
    names = plan.labels.names or ["3.5", "1.0"]
    whole = {
        "plan": plan,
        "history": history(),
        "data_stats": stats_of(plan.labels.names),
        "errors": errors(names),
        "counters": COUNTERS,
        "cost": COST,
        "table": TABLE,
    }
    return {**whole, **changed}
