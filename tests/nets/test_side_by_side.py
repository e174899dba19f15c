"""Rows in one line answer as each does alone, for each kernel of attention at hand; what cannot do so is found out."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tunebook.nets.attention import use_fast_dropout
from tunebook.nets.next_token import Predict
from tunebook.nets.side_by_side import RowsOfLine, attend_by_rows, in_one_line, rows_of

_SMALL = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "max_position_embeddings": 64, "head_dim": 8,
}  # fmt: skip
_WINDOW = {"sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"]}
KINDS: dict[str, dict[str, Any]] = {
    "llama": _SMALL, "qwen2": _SMALL | {"tie_word_embeddings": True}, "gemma3_text": _SMALL | _WINDOW,
    "mistral": _SMALL | {"sliding_window": 4}, "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64},
}  # fmt: skip
LENGTHS = (9, 4, 7, 1)


def model_of(kind: str, kernel: str = "sdpa", **own: Any) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **{"vocab_size": 60, "pad_token_id": 0, **KINDS.get(kind, {}), **own})
    model = AutoModelForCausalLM.from_config(config, attn_implementation=kernel).float().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4 if parameter.dim() > 1 else 1)
    return model


def batch_of(lengths: tuple[int, ...] = LENGTHS, seed: int = 1) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    ids = torch.randint(5, 60, (len(lengths), max(lengths)))
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    return {"input_ids": ids * mask, "attention_mask": mask, "labels": ids.masked_fill(mask == 0, -100)}


def alone(batch: dict[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    sizes = batch["attention_mask"].sum(1).tolist()
    return [{name: item[row : row + 1, :size] for name, item in batch.items()} for row, size in enumerate(sizes)]


def tried(batch: dict[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    return [batch, *alone(batch)]


@pytest.mark.parametrize("kernel", ["eager", "sdpa"])
@pytest.mark.parametrize("kind", KINDS)
def test_logits_in_one_line_are_those_alone(kind: str, kernel: str) -> None:
    model, batch = model_of(kind, kernel), batch_of()
    own = Predict(1)
    found = own.without_padding(model, tried(batch))
    assert found is not None
    assert not found.padded
    assert ("tunebook" in model.config._attn_implementation) == (kernel == "sdpa")
    expected = torch.cat([own.seen(model, row).logits for row in alone(batch)])
    torch.testing.assert_close(found.seen(model, batch).logits, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(own.seen(model, batch).logits, expected, rtol=1e-5, atol=1e-5)  # padded as before


@pytest.mark.parametrize("kernel", ["eager", "sdpa"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_row_sees_another(kind: str, kernel: str) -> None:
    model, batch = model_of(kind, kernel), batch_of()
    found = Predict(1).without_padding(model, tried(batch))
    assert found is not None
    before = found.seen(model, batch).logits
    batch["input_ids"][0, :9] = 7
    after = found.seen(model, batch).logits
    assert not torch.equal(before[:8], after[:8])
    assert torch.equal(before[8:], after[8:])


@pytest.mark.parametrize("kind", KINDS)
def test_loss_and_gradients_are_those_of_padded_rows(kind: str) -> None:
    model, batch = model_of(kind), batch_of()
    expected, _ = Predict(1).loss(model, batch)
    expected.backward()
    wanted = {name: item.grad.clone() for name, item in model.named_parameters()}
    found = Predict(1).without_padding(model, tried(batch))
    assert found is not None
    model.zero_grad()
    model.gradient_checkpointing_enable({"use_reentrant": False})
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    loss, _ = found.loss(model, batch)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    for name, item in model.named_parameters():
        torch.testing.assert_close(item.grad, wanted[name], rtol=1e-4, atol=1e-5, msg=name)
    assert found.counts(batch).tolist() == [8, 3, 6, 0]


def test_dropout_of_attention_works_row_by_row() -> None:
    model, batch = model_of("llama", attention_dropout=1e-9), batch_of()
    expected = Predict(1).seen(model, batch).logits
    use_fast_dropout(model)
    found = Predict(1).without_padding(model, tried(batch))
    assert found is not None
    assert model.config._attn_implementation == "tunebook_rows_tunebook_cpu"
    model.train()
    torch.testing.assert_close(found.seen(model, batch).logits, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("bloom", {"hidden_size": 16, "n_layer": 2, "n_head": 2}),  # places by distances, and no positions
        ("mamba", {"hidden_size": 16, "num_hidden_layers": 2, "state_size": 4}),  # a state that runs on
        ("lfm2", _SMALL | {"layer_types": ["conv", "full_attention"], "conv_L_cache": 3}),  # a convolution does too
    ],
)
def test_an_architecture_that_answers_otherwise_keeps_its_padding(kind: str, own: dict[str, Any]) -> None:
    model = model_of(kind, "sdpa" if kind == "lfm2" else "eager", **own)
    before = model.config._attn_implementation
    assert Predict(1).without_padding(model, tried(batch_of((9, 4, 7)))) is None
    assert model.config._attn_implementation == before


def test_a_model_that_looks_ahead_keeps_its_padding() -> None:
    assert Predict(0).without_padding(torch.nn.Linear(1, 1), []) is None


def test_vectors_in_front_of_a_text_keep_it_padded() -> None:
    from peft import PromptTuningConfig, get_peft_model

    batch = batch_of((9, 4, 7))
    model: Any = get_peft_model(model_of("llama"), PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3))
    assert Predict(1).without_padding(model, tried(batch)) is None


def test_narrow_maps_may_stand_in_one_line() -> None:
    from peft import LoraConfig, get_peft_model

    batch = batch_of()
    model: Any = get_peft_model(model_of("llama"), LoraConfig(r=2, target_modules=["q_proj"]))
    found = Predict(1).without_padding(model, tried(batch))
    assert found is not None
    expected = Predict(1).seen(model, batch).logits
    torch.testing.assert_close(found.seen(model, batch).logits, expected, rtol=1e-5, atol=1e-5)


def test_rows_with_more_than_tokens_are_padded() -> None:
    batch = batch_of()
    assert in_one_line({**batch, "token_type_ids": batch["labels"]}) is None
    found = in_one_line({name: batch[name] for name in ("input_ids", "attention_mask")})
    assert found is not None
    assert found[0]["input_ids"].shape == (1, sum(LENGTHS))
    assert found[0]["position_ids"][0].tolist() == [place for size in LENGTHS for place in range(size)]


def test_rows_begin_where_the_token_before_is_not_seen() -> None:
    text = torch.tensor([0, 0, 0, 1, 1, 2])

    def sees(batch: Any, head: Any, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return (other <= one) & (one - other < 2) & (text[one] == text[other])

    found = rows_of(sees, 6)
    assert isinstance(found, RowsOfLine)
    assert [(start, end, seen is None) for start, end, seen in found.parts] == [
        (0, 3, False),
        (3, 5, True),
        (5, 6, True),
    ]
    seen = found.parts[0][2]
    assert seen is not None
    assert seen[0, 0].tolist() == [[True, False, False], [True, True, False], [False, True, True]]


def test_what_is_no_kernel_of_torch_stays_as_it_is() -> None:
    model = model_of("llama", "eager")
    assert attend_by_rows(model) is None
    assert model.config._attn_implementation == "eager"
