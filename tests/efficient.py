"""Tiny models under a parameter-efficient method, without a training around them."""

from __future__ import annotations

from typing import Any

import torch

from tests import small, tiny
from tunebook.core.nouns import Labels
from tunebook.core.params import build
from tunebook.core.registry import techniques
from tunebook.core.technique import Facts, RunContext, Technique
from tunebook.core.training import Training
from tunebook.nets.peft import TESTED

METHODS = sorted(key for key, kind in techniques().items() if kind.exclusive == "peft")


def under(key: str, kind: str = "bert", **rows: Any) -> tuple[Any, RunContext, Technique]:
    """A tiny classifier as a method leaves it."""
    technique: Any = build(techniques()[key], rows)
    net = tiny.classifier(kind)
    run = RunContext(model=net, settings=Training(learning_rate=5e-5))
    run.model = technique.prepare_model(net, run)
    run.optimizer = torch.optim.Adam([item for item in run.model.parameters() if item.requires_grad], lr=0.01)
    return run.model, run, technique


def batch(kind: str = "bert", count: int = 6) -> dict[str, Any]:
    """Rows without labels for a kind of model."""
    made = tiny.collate(tiny.rows(count), tiny.config(kind).pad_token_id)
    return {name: made[name] for name in ("input_ids", "attention_mask")}


def scatter(model: Any, words: str, seed: int = 0) -> None:
    """Give the trained parameters whose name holds a word values that are not those of the start."""
    draw = torch.Generator().manual_seed(seed)
    for name, item in model.named_parameters():
        if words in name and item.requires_grad:
            item.data = 0.3 * torch.randn(item.shape, generator=draw) + item.data


def facts(kind: str, **changed: Any) -> Facts:
    """Facts of a training of a tiny model of this kind."""
    config = tiny.config(kind).to_dict()
    settings = small.filled(**{"max_length": 20, **changed.pop("settings", {})})
    task = changed.pop("task", "text_classification")
    values = {"techniques": frozenset[str](), "rows": 100, "config": {**config, **changed}}
    return Facts(task, Labels(problem="single_label", names=["a", "b"]), settings, **values)


__all__ = ["METHODS", "TESTED", "batch", "facts", "scatter", "under"]
