"""What is told from a config alone is what transformers builds from it."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tiny
from tunebook.models.architecture import architecture

KINDS = ("bert", "roberta", "xlm-roberta", "camembert")


@pytest.mark.parametrize("kind", KINDS)
def test_names_shapes_and_modules_are_those_of_transformers(kind: str) -> None:
    model = tiny.classifier(kind, labels=3)
    found = architecture(model.config.to_dict(), 3)
    assert found is not None
    expected = {name: tuple(item.shape) for name, item in model.named_parameters()}
    assert found.shapes == expected
    assert found.parameters == sum(item.numel() for item in model.parameters())
    lookups = [item.numel() for name, item in model.named_parameters() if "embeddings." in name]
    assert found.lookups == sum(lookups)
    assert found.modules == sum(1 for item in model.modules() if next(item.children(), None) is None)
    assert (found.hidden, found.layers, found.heads) == (16, 3, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_config_leaves_out_is_as_transformers_has_it(kind: str) -> None:
    from transformers import AutoConfig

    found, config = architecture({"model_type": kind}, 2), AutoConfig.for_model(kind)
    assert found is not None
    assert found.shapes[f"{found.kind}.embeddings.word_embeddings.weight"] == (config.vocab_size, config.hidden_size)
    assert (found.pad, found.norm) == (config.pad_token_id, config.layer_norm_eps)


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "deberta-v2"},
        {"model_type": None},
        {"auto_map": {"AutoModel": "mine.Model"}},
        {"quantization_config": {"bits": 8}},
        {"is_decoder": True},
        {"hidden_act": "relu"},
        {"hidden_size": 17},
        {"hidden_size": "16"},
        {"num_hidden_layers": 0},
        {"num_attention_heads": True},
        {"layer_norm_eps": "1e-12"},
        {"pad_token_id": None},
        {"pad_token_id": 10**6},
        {"position_embedding_type": "relative_key"},
    ],
)
def test_anything_unusual_is_left_to_transformers(change: dict[str, Any]) -> None:
    config = tiny.config("bert").to_dict()
    assert architecture(config, 3) is not None
    assert architecture({**config, **change}, 3) is None
