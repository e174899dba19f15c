"""What a model's memory depends on, and the memory of a training: worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from tests import small, tiny
from tunebook.verbs.steps import sizes as module
from tunebook.verbs.steps.passes import Lines, Read
from tunebook.verbs.steps.sizes import Sizes, memory_bytes, sizes_of

MIB = 1 << 20


def decoder(**more: Any) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(
        "llama", vocab_size=100, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, **more,
    )  # fmt: skip
    return AutoModelForCausalLM.from_config(config)


@pytest.mark.parametrize("tied", [True, False])
def test_a_decoder_by_hand(tied: bool) -> None:
    """Queries and what comes out 16 -> 16, keys and values 16 -> 8, gate and up 16 -> 24, down 24 -> 16."""
    model = decoder(tie_word_embeddings=tied)
    found, flow = sizes_of(model), 2 * (2 * 32 + 2 * 24 + 3 * 40)
    assert (found.flow, found.kept, found.words, found.drops) == (flow, flow, 100, False)
    for name, item in model.named_parameters():
        item.requires_grad_("layers.1.mlp" in name)
    assert sizes_of(model).kept == 3 * 40, "the way back ends at the first trained parameter"
    from peft import LoraConfig, PrefixTuningConfig, get_peft_model

    beside = sizes_of(get_peft_model(decoder(), LoraConfig(r=2, target_modules=["q_proj"])))
    assert (beside.flow, beside.kept) == (flow, flow - 32), "from the first of them on"
    before = PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)
    assert sizes_of(get_peft_model(decoder(), before)).kept == flow
    dropping = decoder(attention_dropout=0.1)
    assert sizes_of(dropping).drops


def test_an_encoder_by_hand() -> None:
    model = tiny.classifier("bert")
    config = model.config
    layer = 4 * 2 * config.hidden_size + 2 * (config.hidden_size + config.intermediate_size)
    head = 2 * config.hidden_size + config.hidden_size + config.num_labels
    found = sizes_of(model)
    assert found.flow == config.num_hidden_layers * layer + head and found.words == 0 and not found.drops

    class Wordless(torch.nn.Linear):
        config = tiny.classifier("bert").config

    assert sizes_of(Wordless(3, 5)).flow == 8  # it has no words to ask for


PLAIN = Sizes(1000, 0, 500, 10, 10, hidden=16, heads=4, layers=2, flow=400, kept=300, words=0, drops=False)
READ = Read(Lines(20, 5, 50))


def memory(sizes: Sizes, read: Read = READ, passes: int = 10, **changes: Any) -> float:
    params = small.filled(**{"batch_size": 8, "precision": "fp32", "gradient_checkpointing": False, **changes})
    return memory_bytes(sizes, params, read, passes) - 600 * MIB


def test_memory_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    held, look = 4 * 1000 + 12 * 500, 4.5 * 32 * 50 * 200
    assert memory(PLAIN) == held + 4.5 * 8 * 50 * 300 + look
    again = memory(PLAIN, gradient_checkpointing=True)
    assert again == held + 4.5 * 8 * 50 * (200 + 2 * 16) + look, "one layer, and what goes into each"
    scores = 2 * 4.5 * 8 * 50 * 50 * 4
    assert memory(replace(PLAIN, drops=True)) == memory(PLAIN) + scores * 2 * 300 / 400
    assert memory(replace(PLAIN, drops=True), gradient_checkpointing=True) == again + scores
    words = replace(PLAIN, words=1000)
    assert memory(words) == memory(PLAIN) + 4 * (3 * 8 * 50 * 1000 + 1000 * 16)
    many = replace(PLAIN, words=1 << 20)
    assert memory(many) == memory(PLAIN) + 4 * (3 * (1 << 24) + (1 << 20) * 16), "logits are made in parts"
    monkeypatch.setattr(module, "may_have_gpu", lambda: False)
    half = memory(PLAIN, precision="bf16")
    assert half == held + 3.5 * 8 * 50 * 300 + 3.5 * 32 * 50 * 200 + 2 * 1000 + 256 * MIB
    monkeypatch.setattr(module, "bf16_gain", lambda: 1.7)
    assert memory(PLAIN, precision="auto") == half
    monkeypatch.setattr(module, "bf16_gain", lambda: 1.0)
    assert memory(PLAIN, precision="auto") == memory(PLAIN)
    monkeypatch.setattr(module, "may_have_gpu", lambda: True)
    for there, kernels in ((True, 0), (False, 256 * MIB)):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert memory(PLAIN, precision="bf16") == half - 256 * MIB + kernels
