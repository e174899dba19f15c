"""Every parameter of every architecture lies at exactly one depth, and what is frozen is frozen as a whole."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from torch import nn

from tests import tiny
from tunebook.core.errors import ModelError
from tunebook.models.architecture import Depths, depths, frozen_modules

# Names of what is no layer, written down by hand: (embeddings, all that comes after the layers).
ENDS = {
    "bert": (r"bert\.embeddings\.", r"bert\.pooler\.|classifier\."),
    "roberta": (r"roberta\.embeddings\.", r"classifier\."),
    "xlm-roberta": (r"roberta\.embeddings\.", r"classifier\."),
    "distilbert": (r"distilbert\.embeddings\.", r"pre_classifier\.|classifier\."),
    "deberta-v2": (
        r"deberta\.embeddings\.|deberta\.encoder\.rel_embeddings\.|deberta\.encoder\.LayerNorm\.",
        r"pooler\.|classifier\.",
    ),
    "modernbert": (r"model\.embeddings\.", r"model\.final_norm\.|head\.|classifier\."),
    "electra": (r"electra\.embeddings\.|electra\.embeddings_project\.", r"classifier\."),
    "vit": (r"vit\.embeddings\.", r"vit\.layernorm\.|classifier\."),
}
LAYER = re.compile(r"\.(?:layers?|blocks?)\.(\d+)\.")


def model(kind: str) -> Any:
    if kind == "vit":
        from transformers import ViTConfig, ViTForImageClassification

        return ViTForImageClassification(
            ViTConfig(
                hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32, image_size=8,
                patch_size=4, num_labels=3,
            )
        )  # fmt: skip
    if kind == "deberta-v2":
        from transformers import AutoModelForSequenceClassification

        config = tiny.config(kind)
        config.norm_rel_ebd = "layer_norm"  # as DeBERTa-v3 has it
        return AutoModelForSequenceClassification.from_config(config)
    return tiny.classifier(kind)


@pytest.mark.parametrize("kind", ENDS)
def test_every_parameter_has_its_depth(kind: str) -> None:
    net = model(kind)
    found = depths(net)
    below, above = (re.compile(pattern) for pattern in ENDS[kind])
    assert found.layers == 3
    assert found.top == 4
    assert list(found.of) == [name for name, _ in net.named_parameters()]
    for name, depth in found.of.items():
        number = LAYER.search(name)
        expected = int(number[1]) + 1 if number else 0 if below.match(name) else 4 if above.match(name) else None
        assert depth == expected, name
    assert set(found.of.values()) == {0, 1, 2, 3, 4}


def test_a_model_without_a_list_of_layers() -> None:
    with pytest.raises(ModelError) as caught:
        depths(nn.Linear(2, 2))
    assert caught.value.code == "model.layers"


def test_shared_layers_are_refused() -> None:
    """ALBERT uses one layer many times: there is no depth to speak of."""
    from transformers import AlbertConfig, AlbertForSequenceClassification

    net = AlbertForSequenceClassification(
        AlbertConfig(
            vocab_size=30, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=16,
            embedding_size=8,
        )
    )  # fmt: skip
    with pytest.raises(ModelError, match="3") as caught:
        depths(net)
    assert caught.value.code == "model.layers"


@pytest.mark.parametrize("kind", ENDS)
@pytest.mark.parametrize("upto", [0, 2, 3])
def test_frozen_modules_hold_all_that_is_low_and_nothing_else(kind: str, upto: int) -> None:
    net = model(kind)
    modules = frozen_modules(net, upto)
    inside = {id(parameter) for module in modules for parameter in module.parameters()}
    found = depths(net)
    assert inside == {id(parameter) for name, parameter in net.named_parameters() if found.of[name] <= upto}


@pytest.mark.parametrize("kind", ENDS)
def test_no_dropout_is_left_below_a_frozen_layer(kind: str) -> None:
    """The embeddings' own dropout belongs to what is frozen."""
    net = model(kind).train()
    for module in frozen_modules(net, 2):
        module.eval()
    for name, module in net.named_modules():
        if "Dropout" in type(module).__name__ and "embeddings" in name:
            assert not module.training, name
    seen = {name: module.training for name, module in net.named_modules() if LAYER.search(f"{name}.")}
    assert all(training == (int(LAYER.search(f"{name}.")[1]) >= 2) for name, training in seen.items())  # type: ignore[index]


def test_the_frozen_part_is_a_function_of_its_input() -> None:
    from transformers import AutoModelForSequenceClassification

    net = AutoModelForSequenceClassification.from_config(tiny.config("bert", dropout=0.3)).train()
    ids = torch.tensor([[2, 7, 9, 3]])
    layer = depths(net).prefix
    seen: list[torch.Tensor] = []
    net.get_submodule(f"{layer}.1").register_forward_hook(lambda module, given, out: seen.append(out))
    for module in frozen_modules(net, 2):
        module.eval()
    first, second = net(ids).logits, net(ids).logits
    outs = [out[0] if isinstance(out, tuple) else out for out in seen]
    assert torch.equal(outs[0], outs[1])
    assert not torch.equal(first, second), "above it there is still dropout"


def test_depths_are_a_plain_record() -> None:
    assert Depths({"a": 0}, 5, "x").top == 6


@pytest.mark.parametrize("kind", tiny.SEQ2SEQ)
def test_the_layers_of_a_decoder_lie_upon_those_of_its_encoder(kind: str) -> None:
    from transformers import AutoModelForSeq2SeqLM

    made = tiny.config(kind)
    setattr(made, "num_decoder_layers" if kind == "t5" else "decoder_layers", 3)
    net = AutoModelForSeq2SeqLM.from_config(made)
    found = depths(net)
    assert (found.layers, found.top, len(found.modules)) == (5, 6, 5)
    assert found.prefix.split(".")[-2] == "encoder" and found.upper.split(".")[-2] == "decoder"
    of = {name.removeprefix("model."): depth for name, depth in found.of.items()}
    assert {depth for name, depth in of.items() if name.startswith(("encoder.block.1", "encoder.layers.1"))} == {2}
    assert {depth for name, depth in of.items() if name.startswith(("decoder.block.0", "decoder.layers.0"))} == {3}
    assert {of[name] for name in of if "embed" in name or name.startswith("shared")} == {0}
    assert {of.get("encoder.final_layer_norm.weight", 2), of.get("decoder.final_layer_norm.weight", 6)} == {2, 6}
    inside = {id(item) for module in frozen_modules(net, 2) for item in module.parameters()}
    assert inside >= {id(item) for name, item in net.named_parameters() if "encoder." in name}


def test_a_decoder_of_another_length_than_its_config_says_is_refused() -> None:
    from transformers import AutoModelForSeq2SeqLM

    net = AutoModelForSeq2SeqLM.from_config(tiny.config("bart"))
    net.config.decoder_layers = 7
    with pytest.raises(ModelError, match="7"):
        depths(net)
