"""A merged model answers as its run does, with plain transformers; what cannot be merged is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests import small
from tests.books import QUICK
from tunebook.core.errors import PlanError, RunError
from tunebook.engine import load as load_module
from tunebook.engine.load import load_model
from tunebook.tables.make import child
from tunebook.verbs import merge as merge_module
from tunebook.verbs.init import init
from tunebook.verbs.merge import golden, merge
from tunebook.verbs.plan import plan
from tunebook.verbs.runs import Run, new_run
from tunebook.verbs.train import train


@pytest.fixture(scope="module")
def runs(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    folder = tmp_path_factory.mktemp("merge")
    file = small.write_records(folder / "rows.csv", "binary", 120)
    book = init(folder / "book", file, model=str(base), options=small.options("binary"), owner="Ada")

    @cache
    def run(key: str) -> Run:
        table = child(book.champion, {**QUICK, **({key: "on"} if key else {})})
        return train(plan(table, book.data), track=())

    return run


@pytest.mark.parametrize("key", ["lora", "adalora", "ia3", "bitfit", "freeze", ""])
def test_the_merged_model_answers_as_the_run_with_plain_transformers(
    key: str, runs: Callable[[str], Run], tmp_path: Path
) -> None:
    run = runs(key)
    merged = merge(run, tmp_path / "merged")
    assert merged.difference <= 1e-4 and merged.run == run.id and 0 < merged.rows <= merge_module.ROWS
    model = AutoModelForSequenceClassification.from_pretrained(str(merged.folder)).eval()
    assert type(model).__name__ == "BertForSequenceClassification"
    rows = golden(run)
    tokens = AutoTokenizer.from_pretrained(str(merged.folder))(list(rows.texts), padding=True, return_tensors="pt")
    with torch.no_grad():
        found = model(**tokens).logits.numpy()
    np.testing.assert_allclose(found, load_model(run.model, run.plan).logits(rows), atol=1e-4)
    assert not list(merged.folder.glob("adapter*")) and model.config.id2label == {0: "bad", 1: "good"}
    assert json.loads((merged.folder / "merged.json").read_text())["run"] == run.id
    assert run.model.is_dir(), "the run itself stays"


@pytest.mark.parametrize("key", ["prefix", "prompt", "p_tuning", "adapter"])
def test_what_stays_beside_the_base_cannot_be_merged(key: str, runs: Callable[[str], Run], tmp_path: Path) -> None:
    with pytest.raises(PlanError) as caught:
        merge(runs(key), tmp_path / "merged")
    assert caught.value.code == "merge.impossible" and caught.value.allowed == "lora | adalora | ia3"
    assert not list(tmp_path.iterdir())


def test_a_folder_that_holds_something_is_left_alone(runs: Callable[[str], Run], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path, tmp_path / "file"):
        with pytest.raises(RunError) as caught:
            merge(runs("lora"), place)
        assert caught.value.code == "merge.folder"
    (tmp_path / "empty").mkdir()
    assert merge(runs("lora"), tmp_path / "empty").folder == tmp_path / "empty"
    assert (tmp_path / "file").read_text() == "mine"


def test_a_model_that_answers_otherwise_is_not_kept(
    runs: Callable[[str], Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load_model

    def shaken(folder: Path, made: Any) -> Any:
        loaded = whole(folder, made)
        if folder.name.endswith(".part"):
            loaded.model.classifier.bias.data += 1
        return loaded

    monkeypatch.setattr(load_module, "load_model", shaken)
    with pytest.raises(RunError) as caught:
        merge(runs("lora"), tmp_path / "merged")
    assert caught.value.code == "merge.differs" and caught.value.value == pytest.approx(1, abs=1e-3)
    assert not list(tmp_path.iterdir())


def test_a_base_model_is_no_merged_model(
    runs: Callable[[str], Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a tool forgets to add the adapters up and writes the base."""
    from peft import LoraModel

    monkeypatch.setattr(LoraModel, "merge_and_unload", LoraModel.unload)
    with pytest.raises(RunError) as caught:
        merge(runs("lora"), tmp_path / "merged")
    assert caught.value.code == "merge.nothing" and not list(tmp_path.iterdir())


def test_an_unfinished_run_has_nothing_to_merge(runs: Callable[[str], Run], tmp_path: Path) -> None:
    run = new_run(tmp_path / "runs", runs("lora").plan)
    with pytest.raises(RunError) as caught:
        merge(run, tmp_path / "merged")
    assert caught.value.code == "run.unfinished"
