"""Models of each task with their rows as tokens, on a tiny base model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from transformers import AutoTokenizer

from tests import small
from tunebook.core.encoded import Encoded
from tunebook.core.registry import tasks
from tunebook.core.settings import Filled
from tunebook.core.task import Rows
from tunebook.engine.infer import Inference

LENGTH = 24
TASKS = ("text_classification", "tagging", "embedding", "reranking", "question_answering")
CASES = [(key, place) for key in TASKS for place in range(len(tasks()[key].cases()))]


@dataclass(frozen=True)
class Made:
    """A model with what it is asked."""

    task: Any
    model: Any
    labels: Any
    rows: Rows
    encoded: Encoded
    inference: Inference
    params: Filled


def base_model(folder: Path, kind: str = "bert") -> Path:
    """A tiny base model that knows the words of all tasks' cases."""
    cases = [case for key in TASKS for case in tasks()[key].cases()]
    texts = [text for case in cases for text in (*case.rows.texts, *(case.rows.pairs or ()), *_passages(case))]
    return small.base_model(folder, kind, sorted({word for text in texts for word in text.lower().split()}))


def _passages(case: Any) -> Any:
    return case.rows.passages or ()


def made(base: Path, key: str, place: int) -> Made:
    """The model of a case, with weights as large as trained ones."""
    task, case = tasks()[key](), tasks()[key].cases()[place]
    tokenizer = AutoTokenizer.from_pretrained(base)
    params = small.filled(**{**case.params, "max_length": LENGTH})
    torch.manual_seed(1)
    model = task.build(base, case.labels, params).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4 if parameter.dim() > 1 else 1)
    rows = replace(case.rows, targets=None) if key in ("text_classification", "tagging") else case.rows
    encoded = task.encode(task.seen(rows, params), tokenizer, LENGTH)
    pad = tokenizer.pad_token_id
    return Made(task, model, case.labels, rows, encoded, Inference(task, pad), params)


def plan_of(found: Made) -> Any:
    """As much of a plan as a model in memory needs."""
    return SimpleNamespace(id="p", task=found.task.key, model="base", labels=found.labels, params=found.params)
