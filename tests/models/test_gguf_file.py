"""A GGUF file, read back by transformers, is the model that it was made of; what cannot be written is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from tests import chats, small
from tunebook.core.errors import MachineError, ModelError
from tunebook.models import gguf_file
from tunebook.models.chat_template import with_template
from tunebook.models.gguf_file import check_gguf, read_gguf, write_gguf

TEXTS = ["yes and no, what do you want?", "今天天气很好。", "a  b, it's 12 o'clock"]
WIDE = {"num_key_value_heads": 2, "head_dim": 12}  # of four heads, all wider than the model


def folder_of(place: Path, kind: str, tokenizer: Any, **more: Any) -> Path:
    """A tiny model of some kind; the vocabulary has vectors to spare."""
    config = AutoConfig.for_model(
        kind, vocab_size=len(tokenizer) + 3, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=64, bos_token_id=None, eos_token_id=None,
        **({"sliding_window": None} if kind == "mistral" else {}), **more,
    )  # fmt: skip
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) / 5)  # biases too
    model.save_pretrained(str(place))
    tokenizer.save_pretrained(str(place))
    return place


@pytest.mark.parametrize(
    ("kind", "more", "bits", "tolerance"),
    [
        ("llama", {"num_key_value_heads": 2, "tie_word_embeddings": True}, "f32", 1e-4),
        ("llama", {**WIDE, "rope_theta": 5000.0}, "f32", 1e-4),
        ("llama", {}, "bf16", 0.2),
        ("mistral", {"num_key_value_heads": 2}, "f16", 0.03),
        ("qwen2", {"num_key_value_heads": 2}, "f32", 1e-4),
    ],
)
def test_a_file_read_back_answers_as_the_model(
    kind: str, more: dict[str, Any], bits: str, tolerance: float, tmp_path: Path
) -> None:
    tokenizer = with_template(
        chats.byte_level(("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<pad>"), pad_token="<pad>")
    )
    source = folder_of(tmp_path / "model", kind, tokenizer, **more)
    (tmp_path / "file").mkdir()
    write_gguf(source, tmp_path / "file" / "m.gguf", bits)
    model, reader = read_gguf(tmp_path / "file" / "m.gguf")
    own = AutoModelForCausalLM.from_pretrained(str(source))
    ids = torch.randint(0, len(tokenizer), (2, 30))
    with torch.no_grad():
        assert (model.eval()(ids).logits - own.eval()(ids).logits).abs().max() < tolerance
    for text in [*TEXTS, tokenizer.apply_chat_template([{"role": "user", "content": "yes?"}], tokenize=False)]:
        assert reader(text, add_special_tokens=False)["input_ids"] == tokenizer(text)["input_ids"]
    assert reader.chat_template == tokenizer.chat_template
    assert (reader.eos_token, reader.pad_token) == ("<|endoftext|>", "<pad>")
    model.save_pretrained(str(tmp_path / "again"))  # transformers would refuse a quantised one


def test_pieces_are_read_back_too(tmp_path: Path) -> None:
    tokenizer = chats.pieces()
    source = folder_of(tmp_path / "model", "llama", tokenizer)
    (tmp_path / "file").mkdir()
    write_gguf(source, tmp_path / "file" / "m.gguf", "f32")
    _, reader = read_gguf(tmp_path / "file" / "m.gguf")
    for text in TEXTS:
        assert reader(text, add_special_tokens=False)["input_ids"] == tokenizer(text)["input_ids"]


def fields(file: Path) -> dict[str, Any]:
    from gguf import GGUFReader

    return {name: field.contents() for name, field in GGUFReader(file).fields.items()}


def test_what_llama_cpp_has_to_know_is_there(tmp_path: Path) -> None:
    special = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<s>", "<unk>")
    tokenizer = chats.byte_level(special, bos_token="<s>", unk_token="<unk>", pad_token="<unk>")
    tokenizer.add_tokens(["<tool>"])
    source = folder_of(tmp_path / "model", "llama", with_template(tokenizer))
    write_gguf(source, tmp_path / "m.gguf", "f16")
    found = fields(tmp_path / "m.gguf")
    assert found["general.architecture"] == "llama"
    assert (found["tokenizer.ggml.model"], found["tokenizer.ggml.pre"]) == ("gpt2", "gpt-2")
    ids = {name: found[f"tokenizer.ggml.{name}_token_id"] for name in ("bos", "eos", "eot", "unknown", "padding")}
    assert ids == {"bos": 3, "eos": 0, "eot": 2, "unknown": 4, "padding": 4}
    assert found["tokenizer.ggml.add_bos_token"] is False
    kinds = found["tokenizer.ggml.token_type"]
    assert kinds[:6] == [3, 3, 3, 3, 2, 1]
    assert kinds[-4:] == [4, 5, 5, 5]  # what a user added, and what the model has vectors to spare for
    assert found["tokenizer.chat_template"] == tokenizer.chat_template


@pytest.mark.parametrize(("pattern", "name"), [(0, "llama-bpe"), (1, "qwen2"), (None, None)])
def test_ways_to_find_words_are_named(pattern: int | None, name: str | None, tmp_path: Path) -> None:
    from tokenizers import Regex, pre_tokenizers

    from tunebook.models.gguf_tokens import _SPLITS

    tokenizer = chats.byte_level()
    expression = "[a-z]+" if pattern is None else list(_SPLITS)[pattern]
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(expression), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    )
    source = folder_of(tmp_path / "model", "llama", tokenizer)
    (tmp_path / "file").mkdir()
    file = tmp_path / "file" / "m.gguf"
    if name is None:
        with pytest.raises(ModelError) as error:
            write_gguf(source, file)
        assert error.value.code == "gguf.tokenizer"
        return
    write_gguf(source, file)
    assert fields(file)["tokenizer.ggml.pre"] == name
    again = AutoTokenizer.from_pretrained(str(source))
    _, reader = read_gguf(file)
    for text in TEXTS:
        assert reader(text)["input_ids"] == again(text)["input_ids"] == tokenizer(text)["input_ids"]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"model_type": "gpt2"}, "model_type"),
        ({"hidden_act": "gelu"}, "hidden_act"),
        ({"attention_bias": True}, "attention_bias"),
        ({"rope_parameters": {"rope_type": "llama3", "rope_theta": 1.0}}, "rope_type"),
        ({"model_type": "mistral", "sliding_window": 4096}, "sliding_window"),
    ],
)
def test_a_model_of_another_kind_is_refused(change: dict[str, Any], key: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama", **change}))
    with pytest.raises(ModelError) as error:
        check_gguf(tmp_path, "f16")
    assert (error.value.code, error.value.key) == ("gguf.model", key)


def test_other_tokenizers_kinds_and_machines_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = folder_of(tmp_path / "model", "llama", small.tokenizer())
    with pytest.raises(ModelError) as error:
        write_gguf(source, tmp_path / "m.gguf")
    assert error.value.code == "gguf.tokenizer"
    with pytest.raises(ModelError) as error:
        check_gguf(source, "q4_k_m")
    assert error.value.code == "gguf.kind"
    monkeypatch.setattr(gguf_file, "find_spec", lambda name: None)
    with pytest.raises(MachineError) as missing:
        check_gguf(source, "f16")
    assert missing.value.code == "machine.extra"
