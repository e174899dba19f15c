"""A step of a loss that compares rows is one pass, of one that does not as many as its texts need."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import small
from tunebook.core.judged import Judged
from tunebook.core.nouns import Estimate, Labels, Plan
from tunebook.core.task import Rows
from tunebook.engine.fit import Fit, Material
from tunebook.engine.tokens import encode
from tunebook.tasks.embedding import Embedding

LABELS = {
    "relevance": Labels(problem="relevance", low=0, high=1),
    "single_label": Labels(problem="single_label", names=["a", "b"]),
    "regression": Labels(problem="regression", low=0, high=1),
}


def rows_of(problem: str, count: int = 24, passages: int = 1) -> Rows:
    texts = [text for text, _ in small.texts(count, seed=3)]
    ids, numbers = list(map(str, range(count))), np.arange(count)
    if problem == "relevance":
        row = np.repeat(numbers, passages)
        judged = Judged(row, np.arange(len(row)) % count, (np.arange(len(row)) % passages == 0) * 1.0, count)
        return Rows(texts, None, judged.matrix(), ids, passages=texts, passage_ids=ids)
    if problem == "single_label":
        return Rows(texts, None, numbers % 2, ids)
    return Rows(texts, texts[::-1], (numbers % 2).astype(np.float32), ids)


@pytest.mark.parametrize(
    ("problem", "loss", "texts"),
    [
        ("relevance", "in_batch", [16]),
        ("relevance", "triplet", [6, 6, 6, 6]),
        ("single_label", "supcon", [16]),
        ("regression", "cosent", [16]),
        ("regression", "contrastive", [8, 8]),
    ],
)
def test_rows_that_are_compared_are_in_one_pass(problem: str, loss: str, texts: list[int], tmp_path: Path) -> None:
    task, labels, tokenizer = Embedding(), LABELS[problem], small.tokenizer()
    params: dict[str, Any] = {
        "batch_size": 8, "max_steps": 1, "max_length": 16, "metric": task.headline(labels), "warmup_steps": 0,
        "length_bucketing": "off", "precision": "fp32", "seed": 1, "embedding.loss": loss,
    }  # fmt: skip
    plan = Plan(
        task="embedding", model="x", model_id="x", labels=labels, params=small.filled(**params), techniques={},
        table="t", table_version=1, data="d", data_path=Path(), seed=1, versions={},
        estimate=Estimate(seconds=1, memory_bytes=1, steps=1, parameters=1, trained=1),
    )  # fmt: skip
    encoded = encode(rows_of(problem, passages=2 if loss == "triplet" else 1), task, tokenizer, 16)
    made = Fit(plan, Material(small.base_model(tmp_path / "model"), tokenizer, encoded, encoded), tmp_path / "run")
    (tmp_path / "run").mkdir()
    trainer = made.prepare()
    batch = next(iter(trainer.get_train_dataloader()))
    parts = [batch, *batch.pop("tunebook.more", ())]
    assert [len(part["input_ids"]) for part in parts] == texts
    assert math.isfinite(made.criterion.loss(trainer.model, parts[0])[0].item())
