"""What can be added up into a model, told before anything is trained; and what the sum computes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from tests import small
from tests.efficient import batch, scatter, under
from tests.engine.test_fit import plan
from tunebook.core.nouns import Plan
from tunebook.core.params import build
from tunebook.core.registry import techniques
from tunebook.engine.merging import added_up, unlike, unmergeable


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("merging"))


def made(base: Path, *keys: str, **rows: dict[str, object]) -> Plan:
    used = {key: build(techniques()[key], rows.get(key, {})).model_dump() for key in keys}
    return plan().model_copy(update={"model": str(base), "techniques": used})


@pytest.mark.parametrize("key", ["lora", "adalora", "ia3", "bitfit", "freeze", "reinit", "ema", "layer_decay"])
def test_what_leaves_a_model_like_its_base(key: str, base: Path) -> None:
    assert unmergeable(made(base, key)) == ""


@pytest.mark.parametrize("key", ["prefix", "prompt", "p_tuning", "adapter"])
def test_what_stays_beside_it(key: str, base: Path) -> None:
    assert unmergeable(made(base, "ema", key)) == key


def test_fewer_layers_and_packed_weights(base: Path) -> None:
    assert unmergeable(made(base, "student")) == "student"
    assert unmergeable(made(base, "lora", lora={"decompose": True})) == ""
    assert unmergeable(made(base, "lora", lora={"quantize": "4bit"})) == "lora"


def test_the_sum_of_lora_is_w_plus_alpha_over_rank_times_b_a() -> None:
    """By the formula, and by what both models answer."""
    model, _, technique = under("lora", rank=2, alpha=6.0)
    scatter(model, "lora_")
    model.eval()
    inside = next(name for name, _ in model.named_modules() if name.endswith("attention.self.query"))
    layer = model.get_submodule(inside)
    a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    expected = layer.base_layer.weight + 6.0 / 2 * (b @ a)
    asked = batch()
    with torch.no_grad():
        before = model(**asked).logits
        plain = added_up(model).eval()
        after = plain(**asked).logits
    torch.testing.assert_close(plain.get_submodule(inside.removeprefix("base_model.model.")).weight, expected)
    torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-5)
    assert technique.key == "lora" and not hasattr(plain, "peft_config")


def test_a_model_to_which_nothing_was_added_stays_itself() -> None:
    model = nn.Linear(2, 3)
    assert added_up(model) is model


def test_unlike_names_what_differs_and_leaves_helpers_out() -> None:
    one = nn.ModuleDict({"a": nn.Linear(2, 3), "extra_judge": nn.Linear(1, 1)})
    assert unlike(one, nn.ModuleDict({"a": nn.Linear(2, 3)})) == ""
    assert unlike(one, nn.ModuleDict({"a": nn.Linear(2, 4)})) in ("a.bias", "a.weight")
    assert unlike(one, nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Linear(1, 1)})) in ("b.bias", "b.weight")
