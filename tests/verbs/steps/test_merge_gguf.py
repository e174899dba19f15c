"""A run that writes is merged by the logits of its tokens, and its GGUF file is proven or removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from tests import instructions
from tests.books import QUICK
from tunebook.core.errors import RunError
from tunebook.data.options import DataOptions
from tunebook.engine.load import load_model
from tunebook.models import gguf_file
from tunebook.tables.make import child
from tunebook.verbs.init import init
from tunebook.verbs.steps import merge as merge_module
from tunebook.verbs.steps.merge import Merged, golden, merge
from tunebook.verbs.steps.merge_gguf import check, gguf_of
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.token_logits import PLACES, ROWS, token_logits
from tunebook.verbs.steps.train import train


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Four steps of instruction tuning, without which there is nothing to merge."""
    folder = tmp_path_factory.mktemp("instruction")
    base = instructions.base_model(folder / "base")
    file = instructions.write_rows(folder / "rows.jsonl", 80)
    book = init(folder / "book", file, model=str(base), options=DataOptions(task="instruction"), owner="Ada")
    return train(plan(child(book.champion, {**QUICK, "max_steps": 4}), book.data), track=())


@pytest.fixture(scope="module")
def merged(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Merged:
    return merge(run, tmp_path_factory.mktemp("merged") / "model")


def test_what_is_compared_are_the_logits_of_the_tokens_to_be_learnt(run: Run) -> None:
    loaded = load_model(run.model, run.plan)
    rows = loaded.task.seen(golden(run), run.plan.params)
    found = token_logits(loaded.net, rows)
    wanted = []
    encoded = loaded.task.encode(rows, loaded.tokenizer, run.plan.params.max_length)
    for row in range(min(ROWS, len(encoded))):
        part = slice(encoded.offsets[row], encoded.offsets[row + 1])
        with torch.no_grad():
            logits = loaded.model(torch.tensor(encoded.flat["input_ids"][part])[None].long()).logits[0]
        learnt = np.flatnonzero(encoded.flat["labels"][part] != -100)[:PLACES]
        wanted.append(logits.numpy()[learnt])
    np.testing.assert_allclose(found, np.concatenate(wanted), atol=1e-5)


def test_the_merged_model_stops_where_its_answers_end(run: Run, merged: Merged) -> None:
    assert (merged.rows, merged.difference) == (ROWS, 0.0)
    model = AutoModelForCausalLM.from_pretrained(str(merged.folder))
    assert (model.generation_config.eos_token_id, model.generation_config.pad_token_id) == (0, 1)


def test_another_model_is_not_kept(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_module, "plain_model", lambda run, loaded: spoilt(loaded.model))
    with pytest.raises(RunError) as error:
        merge(run, tmp_path / "other")
    assert error.value.code == "merge.differs"
    assert not (tmp_path / "other").exists()


def spoilt(model: Any) -> Any:
    from copy import deepcopy

    other = deepcopy(model)
    with torch.no_grad():
        other.model.norm.weight.mul_(1.5)
    return other


def test_its_gguf_file_is_proven(run: Run, merged: Merged) -> None:
    check(run, "f16")
    packed = gguf_of(run, merged, "f16")
    assert packed.file == merged.folder / "model-f16.gguf"
    assert packed.file.stat().st_size > 10_000
    assert 0 < packed.difference < 1e-2
    assert not list(merged.folder.glob(".tunebook-*"))


@pytest.mark.parametrize("how", ["weights", "tokens"])
def test_a_gguf_file_of_another_model_is_not_kept(
    run: Run, merged: Merged, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    read = gguf_file.read_gguf

    def other(file: Path) -> tuple[Any, Any]:
        model, tokenizer = read(file)
        if how == "weights":
            return spoilt(model), tokenizer
        return model, lambda text, **more: {"input_ids": [0]}

    monkeypatch.setattr(gguf_file, "read_gguf", other)
    with pytest.raises(RunError) as error:
        gguf_of(run, merged, "f32")
    assert error.value.code == ("gguf.differs" if how == "weights" else "gguf.tokens")
    assert not (merged.folder / "model-f32.gguf").exists()
