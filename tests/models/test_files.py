"""Files of a model are told to be damaged without being loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from tunebook.core.errors import ModelError
from tunebook.core.nouns import Labels
from tunebook.core.training import Training
from tunebook.models.files import pickled, refuse_code, unreadable, weight_files
from tunebook.models.source import check_folder, read_config
from tunebook.tasks.text_classification import TextClassification

TWO = Labels(problem="single_label", names=["bad", "good"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text("{}")
    save_file({"a": np.zeros(9, np.float32)}, tmp_path / "model.safetensors")
    torch.save({"a": torch.zeros(99)}, tmp_path / "state.pt")
    (tmp_path / "README.md").write_bytes(b"\xff")
    return tmp_path


def test_a_whole_one(folder: Path) -> None:
    assert unreadable(folder) == ""
    assert unreadable(folder / "none") == "config.json"
    assert unreadable(folder, ("scaler.pt",)) == "scaler.pt"


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "state.pt"])
@pytest.mark.parametrize("how", ["cut", "empty", "garbage"])
def test_a_damaged_one(name: str, how: str, folder: Path) -> None:
    path = folder / name
    data = path.read_bytes()
    path.write_bytes({"cut": data[:-1], "empty": b"", "garbage": b"\x91" * len(data)}[how])
    assert unreadable(folder) == name


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "trained.safetensors"])
def test_a_part_needs_to_know_its_base(name: str, folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / name)
    assert unreadable(folder) == "base.json"
    (folder / "base.json").write_text("{}")
    assert unreadable(folder) == ""
    assert unreadable(folder, ("state.pt",)) == ""


def test_every_byte_of_what_torch_saved_counts_and_a_list_is_no_config(folder: Path) -> None:
    data = bytearray((folder / "state.pt").read_bytes())
    data[data.index(bytes(200)) + 50] = 1
    (folder / "state.pt").write_bytes(bytes(data))
    assert unreadable(folder) == "state.pt"
    (folder / "config.json").write_text("[]")
    assert unreadable(folder) == "config.json"


def config(folder: Path, **more: Any) -> dict[str, Any]:
    found = {**read_config(folder), **more}
    (folder / "config.json").write_text(json.dumps(found))
    return found


@pytest.mark.parametrize("beside", ["adapter_model.safetensors", "other.safetensors", "model-00001-of-2.safetensors"])
def test_a_pickle_that_would_be_loaded_needs_consent_whatever_stands_beside_it(copy: Path, beside: str) -> None:
    """transformers passes over a safetensors file of another name, and takes the pickle."""
    (copy / "model.safetensors").rename(copy / beside)
    state = TextClassification().skeleton(copy, TWO, Training()).state_dict()
    torch.save({name: torch.zeros(item.shape) for name, item in state.items()}, copy / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"pytorch_model\.bin") as caught:
        check_folder(copy)
    assert caught.value.code == "model.pickle"
    check_folder(copy, allow_pickle=True)
    loaded = TextClassification().build(copy, TWO, Training())
    assert not loaded.bert.embeddings.word_embeddings.weight.any(), "it is what is loaded"


def test_a_pickle_that_is_not_loaded_needs_none(copy: Path) -> None:
    for name in ("pytorch_model.bin", "training_args.bin", "optimizer.pt", "state.pkl"):
        (copy / name).write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    check_folder(copy)
    model = TextClassification().build(copy, TWO, Training())
    model.save_pretrained(copy)
    assert TextClassification().load(copy).num_labels == 2


def test_shards_are_those_of_the_index(copy: Path) -> None:
    index = copy / "model.safetensors.index.json"
    (copy / "model.safetensors").rename(copy / "one.safetensors")
    index.write_text(json.dumps({"weight_map": {"a": "one.safetensors", "b": "one.safetensors"}}))
    assert weight_files(copy, {}) == ["one.safetensors"]
    (copy / "two.bin").write_bytes(b"")
    index.write_text(json.dumps({"weight_map": {"a": "one.safetensors", "b": "two.bin"}}))
    assert pickled(weight_files(copy, {})) == "two.bin"
    with pytest.raises(ModelError, match=r"two\.bin"):
        check_folder(copy)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"weight_map": 3}', '{"weight_map": {"a": 1}}'])
def test_an_index_that_is_none(copy: Path, text: str) -> None:
    (copy / "model.safetensors").unlink()
    (copy / "model.safetensors.index.json").write_text(text)
    with pytest.raises(ModelError) as caught:
        check_folder(copy)
    assert caught.value.code == "model.shards"


@pytest.mark.parametrize("shard", ["../model/model.safetensors", "gone.safetensors"])
def test_a_shard_that_is_no_file_of_the_folder(copy: Path, shard: str) -> None:
    (copy / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": {"a": shard}}))
    (copy / "model.safetensors").rename(copy / "else.safetensors")
    with pytest.raises(ModelError, match=shard) as caught:
        check_folder(copy, allow_pickle=True)
    assert caught.value.code == "model.shards"


def test_the_config_may_name_another_file(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "mine.safetensors")
    said = config(copy, transformers_weights="mine.safetensors")
    assert weight_files(copy, said) == ["mine.safetensors"]
    check_folder(copy)
    config(copy, transformers_weights="not-there.safetensors")
    with pytest.raises(ModelError) as caught:
        check_folder(copy)
    assert caught.value.code == "model.weights"


@pytest.mark.parametrize(
    ("file", "more", "asks"),
    [
        ("config.json", {"auto_map": {"AutoConfig": "mine.Config"}}, "mine.Config"),
        ("config.json", {"auto_map": {"AutoModel": "org/other--mine.Model"}}, "org/other--mine.Model"),
        ("config.json", {"attn_implementation": "org/kernel@main"}, "org/kernel@main"),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["mine.Slow", None]}}, "mine.Slow"),
        ("tokenizer_config.json", {"auto_map": ["mine.Slow", "mine.Fast"]}, "mine.Slow"),
    ],
)
def test_code_of_a_models_own_is_refused(copy: Path, file: str, more: dict[str, Any], asks: str) -> None:
    (copy / "mine.py").write_text("raise SystemExit('it ran')")
    found = json.loads((copy / file).read_text())
    (copy / file).write_text(json.dumps({**found, **more}))
    with pytest.raises(ModelError) as caught:
        check_folder(copy, allow_pickle=True)
    assert (caught.value.code, caught.value.value) == ("model.code", str(copy))
    assert file in str(caught.value) and asks in str(caught.value)


def test_an_empty_map_and_a_tokenizer_that_cannot_be_read_are_no_code(copy: Path) -> None:
    said = config(copy, auto_map={}, attn_implementation="eager")
    for text in ("{", "[1]"):
        (copy / "tokenizer_config.json").write_text(text)
        refuse_code(copy, said)


def test_an_adapter_is_no_base_model(copy: Path) -> None:
    """transformers would load the model that its config names, from the hub if need be."""
    (copy / "adapter_config.json").write_text('{"base_model_name_or_path": "org/other"}')
    with pytest.raises(ModelError, match="adapter") as caught:
        check_folder(copy)
    assert caught.value.code == "model.adapter"
