"""Several runs on one base: each answers as when it is loaded alone, and the base is in memory once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel

from tests import small
from tests.books import QUICK
from tunebook.engine.load import load_model
from tunebook.tables.make import child
from tunebook.verbs.init import init
from tunebook.verbs.predict import load_models
from tunebook.verbs.steps.merge import golden
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train

METHODS = ("lora", "ia3", "prefix", "adapter")


@pytest.fixture(scope="module")
def runs(base: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Several methods on the first book, and one on a book of three classes."""
    found = []
    for kind, keys in (("binary", METHODS), ("classes", ("lora",))):
        folder = tmp_path_factory.mktemp(kind)
        file = small.write_records(folder / "rows.csv", kind, 120)
        book = init(folder / "book", file, model=str(base), options=small.options(kind), owner="Ada")
        tables = [child(book.champion, {**QUICK, "max_epochs": 1, key: "on"}) for key in keys]
        found += [train(plan(table, book.data), track=()) for table in tables]
    return found


def test_each_answers_as_when_it_is_loaded_alone(runs: list[Run]) -> None:
    models = load_models(runs)
    assert list(models) == [run.id for run in runs]
    for run in (*runs, *reversed(runs)):
        rows = golden(run)
        assert np.array_equal(models[run.id].logits(rows), load_model(run.model, run.plan).logits(rows))


def held(models: list[Any]) -> int:
    """Numbers in memory, each tensor once however many models have it."""
    return sum({item.data_ptr(): item.numel() for model in models for item in model.parameters()}.values())


def test_the_base_is_in_memory_once(runs: list[Run]) -> None:
    models = [loaded.model for loaded in load_models(runs).values()]
    assert len({model.get_input_embeddings().weight.data_ptr() for model in models}) == 1
    trained = sum(item.numel() for model in models for item in model.parameters() if item.requires_grad)
    heads = 5 * (16 * 16 + 16 + 16 * 3 + 3)  # fresh heads, which PEFT keeps beside those that were trained
    assert held(models) <= held(models[:1]) + trained + heads


def test_runs_of_another_base_share_nothing(runs: list[Run], tmp_path: Path) -> None:
    other = small.base_model(tmp_path / "model")
    torch.manual_seed(9)
    model = AutoModel.from_pretrained(str(other))
    for item in model.parameters():
        item.data = torch.randn_like(item)
    model.save_pretrained(str(other))
    file = small.write_records(tmp_path / "rows.csv", "binary", 120)
    book = init(tmp_path / "book", file, model=str(other), options=small.options("binary"), owner="Ada")
    run = train(plan(child(book.champion, {**QUICK, "max_epochs": 1, "lora": "on"}), book.data), track=())
    first, second = (loaded.model for loaded in load_models([runs[0], run]).values())
    assert held([first, second]) > 1.9 * held([first])
