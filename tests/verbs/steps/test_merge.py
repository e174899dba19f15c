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
from tunebook.engine.continual import build_model
from tunebook.engine.load import load_model
from tunebook.tables.make import child
from tunebook.verbs.init import init
from tunebook.verbs.steps import merge as merge_module
from tunebook.verbs.steps.merge import golden, merge, whole
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run, new_run
from tunebook.verbs.steps.train import fit_of, train


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
        if folder.parent.name.endswith(".part"):
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


@pytest.mark.parametrize("key", ["lora", "adalora", "ia3", "bitfit"])
def test_a_training_continues_from_the_sum(key: str, runs: Callable[[str], Run], tmp_path: Path) -> None:
    """Before its first step it answers as the run did, on the classes that this knew; the run's own files stay."""
    run = runs(key)
    before = sorted(path.name for path in run.model.iterdir())
    file = small.write_records(tmp_path / "more.csv", "classes", 80, seed=5)
    book = init(tmp_path / "more", file, model=run.plan.model, options=small.options("classes"))
    rows = {**QUICK, "max_steps": 2, "eval_every": 2, "learning_rate": 1e-3}
    wanted = plan(child(book.champion, rows), book.data, continue_from=str(run.path))
    assert wanted.labels.names == ["bad", "good", "so"]
    fit = fit_of(wanted, new_run(tmp_path / "runs", wanted))
    assert str(fit.material.model_folder) == str(run.path / "merged") == wanted.model
    model = build_model(fit.task, fit.material.model_folder, wanted).eval()
    asked = golden(run)
    tokens = fit.material.tokenizer(list(asked.texts), padding=True, return_tensors="pt")
    with torch.no_grad():
        found = model(**tokens).logits.numpy()
    np.testing.assert_allclose(found[:, :2], load_model(run.model, run.plan).logits(asked), atol=1e-4)
    stamp = (run.path / "merged" / "model.safetensors").stat().st_mtime_ns
    again = train(wanted, track=())
    assert again.finished and not (again.model / "base.json").exists()
    assert (run.path / "merged" / "model.safetensors").stat().st_mtime_ns == stamp, "it was added up once"
    assert sorted(path.name for path in run.model.iterdir()) == before


def test_a_part_is_trained_on_the_sum_of_a_part(runs: Callable[[str], Run], tmp_path: Path) -> None:
    """LoRA after LoRA, held by what the run before answers: its own file names the sum as its base."""
    run = runs("lora")
    file = small.write_records(tmp_path / "more.csv", "binary", 80, seed=5)
    book = init(tmp_path / "more", file, model=run.plan.model, options=small.options("binary"))
    rows = {**QUICK, "max_steps": 4, "eval_every": 2, "lora": "on", "lwf": "on", "replay": "on"}
    last = train(plan(child(book.champion, rows), book.data, continue_from=str(run.path)), track=())
    assert json.loads((last.model / "base.json").read_text())["model"] == str(run.path / "merged")
    assert last.outcome["counters"]["lwf"] and last.outcome["counters"]["lora"]["tensors_moved"] > 0
    merged = merge(last, tmp_path / "merged")
    assert merged.difference < 1e-4
    assert whole(runs("")) == runs("").model, "a whole model is its own sum"


def test_an_unfinished_run_has_nothing_to_merge(runs: Callable[[str], Run], tmp_path: Path) -> None:
    run = new_run(tmp_path / "runs", runs("lora").plan)
    with pytest.raises(RunError) as caught:
        merge(run, tmp_path / "merged")
    assert caught.value.code == "run.unfinished"
