"""Losses of lists against loops in plain Python, and against those of sentence-transformers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from tunebook.nets.ranking import Lists, lambda_loss, list_net, softmax_loss

WEIGHTS = ("none", "lambdarank", "ndcg2++")


def draw(graded: bool = False, seed: int = 0) -> tuple[Lists, torch.Tensor, torch.Tensor]:
    """Scores and gains of lists of 5, 1, 7, 2 and 4 items, one after the other; gains 0 and 1, or 0 to 3."""
    rng = np.random.default_rng(seed)
    groups = torch.from_numpy(np.repeat([3, 0, 7, 9, 4], [5, 1, 7, 2, 4]))
    gains = torch.from_numpy(rng.integers(0, 4 if graded else 2, size=len(groups)).astype(np.float64))
    return Lists.by(groups), torch.from_numpy(rng.normal(size=len(groups)) * 3), gains


def listed(lists: Lists, *values: torch.Tensor) -> list[tuple[np.ndarray, ...]]:
    """The values of each list without what fills it up."""
    return [tuple(lists.padded(item)[row][lists.real[row]].numpy() for item in values) for row in range(5)]


def by_hand(scores: np.ndarray, gains: np.ndarray, weights: str, k: int | None = None, mu: float = 10.0) -> float:
    """Each pair with the items really swapped, and NDCG counted anew."""
    order = np.argsort(-scores, kind="stable")
    scores, gains = scores[order], gains[order]
    best = sum(gain / math.log2(place + 2) for place, gain in enumerate(sorted(gains, reverse=True)[:k]))

    def dcg(gains: np.ndarray) -> float:
        return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))

    total, pairs = 0.0, 0
    for i in range(len(gains)):
        for j in range(len(gains)):
            if gains[i] <= gains[j] or (k is not None and min(i, j) >= k):
                continue
            swapped = gains.copy()
            swapped[[i, j]] = gains[[j, i]]
            worth = abs(dcg(gains) - dcg(swapped)) / best if weights != "none" else 1.0
            if weights == "ndcg2++":
                d = abs(i - j)
                worth += mu * (gains[i] - gains[j]) / best * (1 / math.log2(d + 1) - 1 / math.log2(d + 2))
            total += worth * math.log2(1 + math.exp(scores[j] - scores[i]))
            pairs += 1
    return total / max(pairs, 1) if weights == "none" else total


def test_lists_hold_the_items_of_a_group_in_their_order_wherever_they_stand() -> None:
    lists = Lists.by(torch.tensor([5, 2, 5, 9, 2, 5]))
    assert lists.padded(torch.arange(1.0, 7.0)).tolist() == [[2, 5, 0], [1, 3, 6], [4, 0, 0]]
    assert lists.real.sum(1).tolist() == [2, 3, 1]
    assert Lists.by(torch.tensor([], dtype=torch.int64)).real.shape == (0, 0)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("k", [None, 2])
@pytest.mark.parametrize("graded", [False, True])
def test_pairs_are_worth_what_ndcg_loses_by_them(weights: Any, k: int | None, graded: bool) -> None:
    lists, scores, gains = draw(graded, seed=1)
    found = lambda_loss(lists.padded(scores), lists.padded(gains), lists.real, weights=weights, k=k)
    assert found.tolist() == pytest.approx([by_hand(*row, weights, k) for row in listed(lists, scores, gains)])


@pytest.mark.parametrize("graded", [False, True])
def test_softmax_is_the_formula(graded: bool) -> None:
    lists, scores, gains = draw(graded, seed=2)
    given = (lists.padded(scores), lists.padded(gains), lists.real)
    for row, (s, g) in enumerate(listed(lists, scores, gains)):
        log_p = s - np.log(np.exp(s).sum())
        share = g / g.sum() if g.sum() else 0 * g
        first = np.exp(g) / np.exp(g).sum() if len(set(g)) > 1 else 0 * g
        assert float(softmax_loss(*given)[row]) == pytest.approx(-(share * log_p).sum())
        assert float(list_net(*given)[row]) == pytest.approx(-(first * log_p).sum())


def test_one_relevant_passage_is_the_plain_cross_entropy_of_its_place() -> None:
    scores = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))
    gains = torch.eye(8)[torch.tensor([0, 3, 7, 2])]
    found = softmax_loss(scores, gains, torch.ones(4, 8, dtype=torch.bool))
    expected = torch.nn.functional.cross_entropy(scores, torch.tensor([0, 3, 7, 2]), reduction="none")
    assert found.tolist() == pytest.approx(expected.tolist())


class Fake(torch.nn.Module):
    """A cross-encoder for the losses of sentence-transformers, which answers the given scores."""

    num_labels, device = 1, torch.device("cpu")

    def __init__(self, scores: torch.Tensor) -> None:
        super().__init__()
        self.scores = scores

    def preprocess(self, pairs: Any, **_: Any) -> dict[str, torch.Tensor]:
        return {"places": torch.tensor([int(document) for _, document in pairs])}

    def forward(self, tokens: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {"scores": self.scores[tokens["places"]]}


def theirs(kind: str, lists: Lists, scores: torch.Tensor, gains: torch.Tensor, **more: Any) -> float:
    """What a loss of sentence-transformers says of one list."""
    losses = pytest.importorskip("sentence_transformers.cross_encoder.losses")
    loss = getattr(losses, kind)(Fake(scores.float()), **more)
    rows = [(lists.of == row).nonzero()[:, 0] for row in range(len(lists.real))]
    queries, documents = ["q"] * len(rows), [[str(int(place)) for place in row] for row in rows]
    return float(loss([queries, documents], [gains[row].float() for row in rows]))


@pytest.mark.parametrize(("weights", "scheme"), [("ndcg2++", "NDCGLoss2PPScheme"), ("lambdarank", "LambdaRankScheme")])
@pytest.mark.parametrize("k", [None, 3])
def test_lambda_loss_is_that_of_sentence_transformers(weights: Any, scheme: str, k: int | None) -> None:
    """Which gives the mean of all pairs, with gains of 2^g - 1."""
    losses = pytest.importorskip("sentence_transformers.cross_encoder.losses")
    lists, scores, gains = draw(seed=3)
    found = lambda_loss(lists.padded(scores), lists.padded(gains), lists.real, weights=weights, k=k)
    pairs = 0
    for s, g in listed(lists, scores, gains):
        g = g[np.argsort(-s, kind="stable")]
        pairs += sum(1 for i, one in enumerate(g) for j, other in enumerate(g)
                     if one > other and (k is None or min(i, j) < k))  # fmt: skip
    expected = theirs("LambdaLoss", lists, scores, gains, k=k, weighting_scheme=getattr(losses, scheme)())
    assert float(found.sum()) / pairs == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_ranknet_and_listnet_are_those_of_sentence_transformers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = torch.from_numpy(rng.normal(size=6))
    gains = torch.from_numpy(rng.integers(0, 4, size=6).astype(np.float64))
    gains[:2] = torch.tensor([0.0, 3.0])
    lists = Lists.by(torch.zeros(6, dtype=torch.int64))
    given = (lists.padded(scores), lists.padded(gains), lists.real)
    pairs = float(lambda_loss(*given, weights="none")[0])
    assert pairs == pytest.approx(theirs("RankNetLoss", lists, scores, gains), rel=1e-5)
    assert float(list_net(*given)[0]) == pytest.approx(theirs("ListNetLoss", lists, scores, gains), rel=1e-5)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_lists_with_nothing_to_tell_apart_cost_nothing(weights: Any) -> None:
    scores = torch.randn(3, 4, generator=torch.Generator().manual_seed(1)).requires_grad_()
    gains = torch.stack([torch.zeros(4), torch.full((4,), 2.0), torch.zeros(4)])
    real = torch.tensor([[True] * 4, [True] * 4, [True] + [False] * 3])
    losses = lambda_loss(scores, gains, real, weights=weights)
    assert losses.tolist() == [0, 0, 0] and list_net(scores, gains, real).tolist() == [0, 0, 0]
    assert softmax_loss(scores, gains, real)[[0, 2]].tolist() == [0, 0]
    whole = losses.sum() + list_net(scores, gains, real).sum() + softmax_loss(scores, gains, real).sum()
    assert torch.isfinite(torch.autograd.grad(whole, scores)[0]).all()


@pytest.mark.parametrize("loss", [softmax_loss, list_net, lambda s, g, r: lambda_loss(s, g, r, weights="ndcg2++")])
def test_the_order_of_the_items_and_what_fills_lists_up_do_not_matter(loss: Any) -> None:
    lists, scores, gains = draw(True, seed=4)
    shuffled = torch.from_numpy(np.random.default_rng(0).permutation(len(scores)))
    other = Lists.by(lists.of[shuffled])
    given = (lists.padded(scores), lists.padded(gains), lists.real)
    one = loss(*given)
    two = loss(other.padded(scores[shuffled]), other.padded(gains[shuffled]), other.real)
    assert one.tolist() == pytest.approx(two.tolist())
    assert loss(*(torch.nn.functional.pad(item, (0, 3)) for item in given)).tolist() == pytest.approx(one.tolist())
