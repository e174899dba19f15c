"""A run that writes is merged by the logits of its tokens, and its GGUF file is proven or removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from tests import chats, instructions
from tests.books import QUICK
from tunebook.core.answers import Rows
from tunebook.core.errors import RunError
from tunebook.core.written import texts_of
from tunebook.data.options import DataOptions
from tunebook.engine.load import Net, load_model
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


def test_what_is_compared_are_the_logits_of_tokens(run: Run) -> None:
    loaded = load_model(run.model, run.plan)
    rows = golden(run)
    found = token_logits(loaded.net, rows)
    wanted = []
    for text, answer in zip(rows.texts[:ROWS], rows.targets[:ROWS], strict=True):  # type: ignore[index]
        ids = [token for part in (text, str(answer)) for token in loaded.tokenizer.encode(part)]
        with torch.no_grad():
            wanted.append(loaded.model(torch.tensor([ids])).logits[0, -PLACES:].numpy())
    np.testing.assert_allclose(found, np.concatenate(wanted), atol=1e-5)


def test_an_encoder_decoder_is_shown_the_question() -> None:
    from transformers import BartConfig, BartForConditionalGeneration

    tokenizer = chats.byte_level(("</s>", "<s>"))
    sizes = {"encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 8, "decoder_ffn_dim": 8, "d_model": 16}
    config = BartConfig(vocab_size=len(tokenizer), decoder_start_token_id=1, **sizes)
    model = BartForConditionalGeneration(config).eval()
    rows = Rows(["yes?", ""], None, texts_of(["no", "an answer"]), ["1", "2"])
    found = token_logits(Net(None, model, tokenizer, 9), rows)  # type: ignore[arg-type]
    ids = [tokenizer.encode(part) for part in ("yes?", "no", "an answer")]
    with torch.no_grad():
        first = model(torch.tensor([ids[0]]), decoder_input_ids=torch.tensor([[1, *ids[1]]])).logits[0]
        second = model(torch.tensor([[1]]), decoder_input_ids=torch.tensor([[1, *ids[2]]])).logits[0]
    np.testing.assert_allclose(found, torch.cat([first, second]).numpy(), atol=1e-5)


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
