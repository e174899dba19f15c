"""W + alpha / rank * B A by hand, and its kin; four bits are refused where they cannot be computed with."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import small
from tests.efficient import batch, facts, scatter, under
from tests.engine.test_fit import fit, plan
from tunebook.core.errors import PlanError
from tunebook.core.params import build
from tunebook.techniques import lora
from tunebook.techniques.lora import LoRA

QUERY = "base_model.model.bert.encoder.layer.1.attention.self.query"


def maps(model: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """W, b, A and B of a query."""
    query = model.get_submodule(QUERY)
    return query.base_layer.weight, query.base_layer.bias, query.lora_A.default.weight, query.lora_B.default.weight


@pytest.mark.parametrize(("stabilized", "scale"), [(False, 12 / 4), (True, 12 / math.sqrt(4))])
def test_the_added_map_is_alpha_over_rank_times_b_a(stabilized: bool, scale: float) -> None:
    model, _, _ = under("lora", rank=4, alpha=12.0, rank_stabilized=stabilized)
    scatter(model, "lora_")
    weight, bias, down, up = maps(model)
    assert down.shape == (4, 16) and up.shape == (16, 4)
    x = torch.randn(3, 16)
    found = model.get_submodule(QUERY)(x)
    torch.testing.assert_close(found, x @ (weight + scale * up @ down).T + bias)


def test_decomposed_it_is_a_length_times_a_direction() -> None:
    """DoRA, formula 5: m (W + s B A) / |W + s B A|, the norm over the inputs of each output."""
    model, _, _ = under("lora", rank=4, alpha=8.0, decompose=True)
    scatter(model, "lora_")
    weight, bias, down, up = maps(model)
    length = model.get_submodule(QUERY).lora_magnitude_vector.default.weight
    moved = weight + 8 / 4 * up @ down
    direction = moved / moved.norm(dim=1, keepdim=True)
    x = torch.randn(3, 16)
    torch.testing.assert_close(model.get_submodule(QUERY)(x), x @ (length[:, None] * direction).T + bias)


def test_at_first_nothing_has_changed() -> None:
    from tests import tiny

    model, _, _ = under("lora", "modernbert")
    bare = tiny.classifier("modernbert").eval()
    assert torch.equal(model.eval()(**batch()).logits, bare(**batch()).logits)


def test_only_what_is_asked_for_gets_a_map() -> None:
    model, _, _ = under("lora", targets="query|value", rank=2)
    held = {name.split(".lora_")[0].rpartition(".")[2] for name, _ in model.named_parameters() if ".lora_" in name}
    assert held == {"query", "value"}


def test_dropout_is_that_of_the_added_maps_alone() -> None:
    model, _, _ = under("lora", dropout=0.5)
    shares = {name: module.p for name, module in model.named_modules() if isinstance(module, torch.nn.Dropout)}
    assert all(share == (0.5 if ".lora_dropout." in name else 0.0) for name, share in shares.items())
    assert sum(shares.values()) == 18 * 0.5


@pytest.mark.parametrize(("gpu", "library", "refused"), [(False, True, True), (True, False, True), (True, True, False)])
def test_four_bits_need_a_gpu_and_bitsandbytes(
    gpu: bool, library: bool, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(lora, "find_spec", lambda name: object() if library and name == "bitsandbytes" else None)
    technique: Any = build(LoRA, {"quantize": "4bit"})
    if not refused:
        return technique.refuse(facts("bert"))
    with pytest.raises(PlanError) as caught:
        technique.refuse(facts("bert"))
    assert caught.value.code == "peft.quantize" and "bitsandbytes" in caught.value.message


def test_four_bits_are_asked_for_before_the_maps_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(lora, "quantized", seen.append)
    under("lora", quantize="4bit")
    assert [type(model).__name__ for model in seen] == ["BertForSequenceClassification"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("model"))


def test_recomputed_activations_change_nothing(base: Path, tmp_path: Path) -> None:
    """Gradient checkpointing: the same training, but for the last layer's sums, which are all tokens' there."""
    kept, still = [], {"dropout": 0.0, "attention_dropout": 0.0}
    for switch in (False, True):
        used = {"lora": LoRA(dropout=0.0).model_dump()}
        made = plan(used, max_steps=4, eval_every=2, gradient_checkpointing=switch, **still)
        training = fit(base, tmp_path / str(switch), made)
        training.run()
        model = training.context.model
        kept.append({name: item.detach() for name, item in model.named_parameters() if item.requires_grad})
    for name, item in kept[0].items():
        torch.testing.assert_close(item, kept[1][name], rtol=1e-4, atol=1e-6)


def test_the_best_look_is_kept_and_not_the_last(base: Path, tmp_path: Path) -> None:
    """Scores fall after the first look: the weights of that look are kept."""
    training = fit(base, tmp_path, plan({"lora": LoRA().model_dump()}, max_steps=6, eval_every=2))
    trainer = training.prepare()
    seen: list[dict[str, torch.Tensor]] = []

    def score(model: Any) -> dict[str, float]:
        seen.append({name: item.detach().clone() for name, item in model.named_parameters() if item.requires_grad})
        return {"eval_loss": 1.0, "eval_accuracy": 1.0 / len(seen)}

    trainer.weave.score = score
    trainer.train()
    found = dict(trainer.model.named_parameters())
    assert len(seen) == 3 and all(torch.equal(found[name], item) for name, item in seen[0].items())
    assert any(not torch.equal(found[name], item) for name, item in seen[2].items())
