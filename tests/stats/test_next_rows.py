"""Choosing rows against brute force: whole gradients, all distances, and the gradient that torch gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tunebook.stats.next_rows import any_doubt, badge, blame, covering, margin_doubt


def softmax(logits: np.ndarray) -> np.ndarray:
    parts = np.exp(logits - logits.max(axis=1, keepdims=True))
    return parts / parts.sum(axis=1, keepdims=True)


def test_doubt() -> None:
    chances = np.array([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [0.4, 0.4, 0.2]])
    np.testing.assert_allclose(margin_doubt(chances), [0.8, 0.0, 1.0])
    np.testing.assert_allclose(any_doubt(np.array([[0.9, 0.5], [0.99, 0.01]])), [1.0, 0.02])


@pytest.mark.parametrize("several", [False, True])
def test_blame_is_the_gradient_of_the_last_layer(several: bool) -> None:
    random = np.random.default_rng(0)
    logits, read = random.normal(size=(6, 4)), random.normal(size=(6, 3))
    weight = torch.tensor(random.normal(size=(4, 3)), requires_grad=True)
    bias = torch.tensor(logits) - torch.tensor(read) @ weight.detach().T  # so that these are the logits
    chances = 1 / (1 + np.exp(-logits)) if several else softmax(logits)
    blamed = blame(chances, several=several)
    for row in range(6):
        out = weight @ torch.tensor(read[row]) + bias[row]
        if several:
            said = (out > 0).to(out)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(out, said.detach(), reduction="sum")
        else:
            loss = torch.nn.functional.cross_entropy(out[None], out.argmax()[None])
        (gradient,) = torch.autograd.grad(loss, weight)
        np.testing.assert_allclose(np.outer(blamed[row], read[row]), gradient.numpy(), atol=1e-12)


def whole_badge(gradients: np.ndarray, count: int, random: np.random.Generator) -> tuple[list[int], list[float]]:
    """k-means++ over gradients that are written down; the first by its length."""
    left, chosen, far = (gradients**2).sum(axis=1), [], []
    for _ in range(count):
        drawn = int(np.searchsorted(np.cumsum(left), random.random() * left.sum(), side="right"))
        chosen.append(drawn)
        far.append(float(left[drawn]))
        left = np.min([((gradients - gradients[place]) ** 2).sum(axis=1) for place in chosen] + [left], axis=0)
    return chosen, far


@pytest.mark.parametrize("seed", range(4))
def test_badge_draws_what_whole_gradients_draw(seed: int) -> None:
    random = np.random.default_rng(seed)
    blamed, read = blame(softmax(2 * random.normal(size=(60, 5)))), random.normal(size=(60, 7))
    gradients = np.einsum("nk,nh->nkh", blamed, read).reshape(60, -1)
    found, far = badge(blamed, read, 20, np.random.default_rng(seed))
    expected, apart = whole_badge(gradients, 20, np.random.default_rng(seed))
    assert found.tolist() == expected and len(set(expected)) == 20
    np.testing.assert_allclose(far, apart, atol=1e-9)


def test_badge_takes_all_and_goes_on_without_weights() -> None:
    same = np.tile(blame(softmax(np.array([[1.0, 0.2]]))), (5, 1))
    found, far = badge(same, np.ones((5, 3)), 5, np.random.default_rng(0))
    assert sorted(found.tolist()) == list(range(5)) and far[0] > 0 and (far[1:] < 1e-12).all()
    sure = badge(np.zeros((4, 2)), np.ones((4, 3)), 3, np.random.default_rng(0))[0]
    assert len(set(sure.tolist())) == 3


def test_badge_prefers_the_unsure() -> None:
    random = np.random.default_rng(1)
    logits = np.concatenate([np.tile([8.0, 0.0], (90, 1)), np.tile([0.2, 0.0], (10, 1))])
    found, _ = badge(blame(softmax(logits)), random.normal(size=(100, 8)), 8, random)
    assert (found >= 90).mean() > 0.8


@pytest.mark.parametrize("labelled", [0, 3, 600])
def test_covering_takes_the_farthest(labelled: int) -> None:
    random = np.random.default_rng(2)
    vectors, known = random.normal(size=(50, 4)), random.normal(size=(labelled, 4))
    found, far = covering(vectors, known, 12)
    taken = [*known]
    for place, (row, distance) in enumerate(zip(found, far, strict=True)):
        if not taken:
            assert row == np.linalg.norm(vectors - vectors.mean(axis=0), axis=1).argmin() and distance == 0
        else:
            apart = np.min([np.linalg.norm(vectors - other, axis=1) for other in taken], axis=0)
            apart[found[:place]] = -1
            assert row == apart.argmax() and distance == pytest.approx(apart.max())
        taken.append(vectors[row])
    assert len(set(found.tolist())) == 12
