"""Answers in plain torch are those of transformers to the last bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests import tiny
from tunebook.models.architecture import Architecture, architecture
from tunebook.nets.encoder import WEIGHTS, read_encoder


def saved(folder: Path, kind: str, **changed: int) -> tuple[Any, Architecture]:
    from transformers import AutoModelForSequenceClassification

    config = tiny.config(kind, labels=3)
    config.update(changed)
    torch.manual_seed(1)
    model = AutoModelForSequenceClassification.from_config(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.3)
    model.save_pretrained(str(folder))
    found = architecture(json.loads((folder / "config.json").read_text()), 3)
    assert found is not None
    return model, found


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize("padded", [True, False])
def test_every_bit_is_that_of_transformers(tmp_path: Path, kind: str, padded: bool) -> None:
    model, found = saved(tmp_path, kind)
    mine = read_encoder(tmp_path, found)
    assert mine is not None
    rows = tiny.rows(5)
    rows = rows if padded else [{**row, "input_ids": rows[0]["input_ids"]} for row in rows]
    batch = tiny.collate(rows, pad=found.pad)
    batch.pop("labels")
    with torch.inference_mode():
        expected = model(**batch).logits
        assert torch.equal(mine.eval()(**batch).logits, expected)
        if kind == "bert":
            types = (torch.arange(batch["input_ids"].shape[1]) > 2).long().expand_as(batch["input_ids"])
            assert torch.equal(mine(**batch, token_type_ids=types).logits, model(**batch, token_type_ids=types).logits)
            assert not torch.equal(mine(**batch, token_type_ids=types).logits, expected)
    assert set(mine.state_dict()) == set(model.state_dict())


def test_more_than_ten_layers_stand_in_their_order(tmp_path: Path) -> None:
    """A file holds them by name: 1, 10, 11, 2."""
    model, found = saved(tmp_path, "bert", num_hidden_layers=12)
    mine = read_encoder(tmp_path, found)
    assert mine is not None
    batch = tiny.collate(tiny.rows(5), pad=found.pad)
    batch.pop("labels")
    with torch.inference_mode():
        assert torch.equal(mine.eval()(**batch).logits, model(**batch).logits)


def test_other_weights_are_left_to_transformers(tmp_path: Path) -> None:
    _, found = saved(tmp_path, "bert")
    weights = load_file(tmp_path / WEIGHTS)
    save_file({name: weight.bfloat16() for name, weight in weights.items()}, tmp_path / WEIGHTS)
    assert read_encoder(tmp_path, found) is None
    save_file({name: weight for name, weight in weights.items() if "pooler" not in name}, tmp_path / WEIGHTS)
    assert read_encoder(tmp_path, found) is None
    (tmp_path / WEIGHTS).write_bytes(b"cut")
    assert read_encoder(tmp_path, found) is None
    (tmp_path / WEIGHTS).unlink()
    assert read_encoder(tmp_path, found) is None
