"""Texts of like length are read together, in the passes that pad least."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

from tests import tiny
from tunebook.models.sentences import Sentences
from tunebook.nets.alike import groups
from tunebook.nets.sentences import SentenceEncoder


def padded(lengths: np.ndarray, parts: list[np.ndarray], cost: int) -> int:
    return sum(len(part) * int(lengths[part].max()) + cost for part in parts)


@pytest.mark.parametrize("cost", [0, 3, 12, 1000])
def test_no_other_passes_pad_less(cost: int) -> None:
    draw = np.random.default_rng(3)
    for count in (1, 2, 5, 8):
        lengths = draw.choice([2, 3, 5, 9, 20], count)
        parts = groups(lengths, cost)
        assert sorted(np.concatenate(parts).tolist()) == list(range(count))
        order = np.argsort(-lengths, kind="stable")
        ways = (np.split(order, cuts) for size in range(count) for cuts in combinations(range(1, count), size))
        assert padded(lengths, parts, cost) == min(padded(lengths, way, cost) for way in ways)
        assert all(lengths[part[0]] == lengths[part].max() for part in parts)


def test_vectors_and_gradients_are_those_of_one_pass() -> None:
    model = SentenceEncoder(tiny.classifier("bert", dropout=0.0).base_model, Sentences()).train()
    torch.manual_seed(2)
    lengths = torch.tensor([3, 38, 4, 37, 5, 2] * 2)
    mask = (torch.arange(38) < lengths[:, None]).long()
    inputs = {"input_ids": torch.randint(5, 20, (12, 38)) * mask, "attention_mask": mask}
    found, passes = {}, []
    for whole in (False, True):
        handle = model.base_model.embeddings.register_forward_hook(lambda *_: passes.append(1)) if whole else None
        outputs = model(**inputs)
        (outputs.logits[:, :3] ** 3).sum().backward()
        gradients = torch.cat([item.grad.flatten() for item in model.parameters() if item.grad is not None])
        found[whole] = (outputs.logits.detach(), gradients)
        model.zero_grad()
        assert (outputs.last_hidden_state is None) == (not whole)
        if handle:
            handle.remove()
    assert len(passes) == 1
    for one, other in zip(found[True], found[False], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
