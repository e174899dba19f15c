"""Herding: the first few chosen stand for all."""

from __future__ import annotations

import numpy as np
import torch

from tests import tiny
from tests.techniques.chains import Net, Past, some_rows
from tunebook.nets.herding import features_of, herd


def greedy(features: np.ndarray, count: int) -> list[int]:
    """Rebuffi et al., algorithm 4, term by term."""
    chosen: list[int] = []
    for _ in range(count):
        costs = {}
        for place in range(len(features)):
            if place not in chosen:
                mean = features[[*chosen, place]].mean(0)
                costs[place] = float(np.linalg.norm(features.mean(0) - mean))
        chosen.append(min(costs, key=lambda place: costs[place]))
    return chosen


def test_the_choice_is_the_algorithm() -> None:
    features = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    assert herd(features, 12).tolist() == greedy(features, 12)
    assert sorted(herd(features, 30)) == list(range(30))
    assert herd(features, 0).shape == (0,)


def test_features_are_the_mean_over_a_rows_own_tokens() -> None:
    model = tiny.classifier("bert").eval()
    batch = tiny.collate(tiny.rows(5))
    found = features_of(model, [batch])
    assert found.shape == (5, 16)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    alone = {
        name: value[2:3, : int(batch["attention_mask"][2].sum())] for name, value in batch.items() if name != "labels"
    }
    with torch.no_grad():
        last = model.bert(**alone).last_hidden_state[0].mean(0)
    assert np.allclose(found[2], (last / last.norm()).numpy(), atol=1e-4)


def test_features_of_a_model_without_tokens() -> None:
    found = features_of(Net().eval(), Past(None).batches(some_rows(9)))
    assert found.shape == (9, 7)
