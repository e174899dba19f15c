"""Vectors made by a network, which are kept without it."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.efficient import under
from tests.ground import Ground, weights
from tunebook.techniques.p_tuning import PTuning


def test_a_network_of_three_layers_makes_the_vectors() -> None:
    model, _, _ = under("p_tuning", tokens=4, hidden=7)
    encoder = model.prompt_encoder.default
    first, second, third = (encoder.mlp_head[place] for place in (0, 2, 4))
    assert (first.out_features, second.out_features, third.out_features) == (7, 7, 16)
    hidden = torch.relu(encoder.embedding.weight @ first.weight.T + first.bias)
    hidden = torch.relu(hidden @ second.weight.T + second.bias)
    wanted = hidden @ third.weight.T + third.bias
    torch.testing.assert_close(model.get_prompt(2), wanted.expand(2, -1, -1))


def test_the_vectors_are_kept_and_not_the_network(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"p_tuning": PTuning(tokens=4).model_dump()}, max_steps=4, eval_every=2)
    training = ground.fit(tmp_path, made)
    training.run()
    files = list((tmp_path / "model").glob("*.safetensors"))
    from safetensors.torch import load_file

    assert len(files) == 1 and not any("mlp" in name for name in load_file(files[0]))
    found = weights(tmp_path, made)["prompt_encoder.default.embedding.weight"]
    vectors = training.context.model.get_prompt(1)[0].detach()
    torch.testing.assert_close(found, vectors, rtol=1e-6, atol=1e-7)
    assert not torch.equal(found, training.context.model.prompt_encoder.default.embedding.weight)
