"""Losses of queries and passages: those of sentence-transformers where these have them, and masks by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from sentence_transformers.sentence_transformer.losses import (
    MultipleNegativesRankingLoss,
    TripletDistanceMetric,
    TripletLoss,
)
from torch import nn

from tests.tasks.embedding.made import Vectors, judged_batch
from tunebook.core.encoded import Encoded
from tunebook.core.judged import Judged
from tunebook.tasks.embedding.loss import Shape
from tunebook.tasks.embedding.retrieval import InBatch, Retrieval, Texts, Triplet, retrieval_loss
from tunebook.tasks.embedding.rows import EmbeddingRows

# Of each of four queries its own relevant passage and one that is not.
PLAIN = [[(2 * row, 1.0), (2 * row + 1, 0.0)] for row in range(4)]
POSITIVES = [[(row, 1.0)] for row in range(4)]


def theirs(loss: Any, model: Vectors, columns: int, **more: Any) -> tuple[float, torch.Tensor]:
    again = nn.Parameter(model.vectors.detach().clone())
    parts = iter([again[column::columns] for column in range(columns)])
    found = loss(lambda features: {"sentence_embedding": next(parts)}, **more)([{}] * columns, torch.zeros(4))
    found.backward()
    return found.item(), again.grad


@pytest.mark.parametrize(("ours", "other", "rows", "more"), [
    (InBatch(scale=9.0), MultipleNegativesRankingLoss, PLAIN, {"scale": 9.0}),
    (InBatch(scale=9.0), MultipleNegativesRankingLoss, POSITIVES, {"scale": 9.0}),
    (InBatch(scale=9.0, symmetric=True), MultipleNegativesRankingLoss, POSITIVES,
     {"scale": 9.0, "directions": ("query_to_doc", "doc_to_query"), "partition_mode": "per_direction"}),
    (Triplet(margin=0.7), TripletLoss, PLAIN,
     {"distance_metric": TripletDistanceMetric.COSINE, "triplet_margin": 0.7}),
])  # fmt: skip
def test_values_and_gradients_are_those_of_sentence_transformers(
    ours: Retrieval, other: Any, rows: Any, more: dict[str, Any]
) -> None:
    model, batch = judged_batch(rows)
    loss, _ = ours.loss(model, batch)
    loss.backward()
    value, gradient = theirs(other, model, len(rows[0]) + 1, **more)
    assert loss.item() == pytest.approx(value, rel=1e-6)
    torch.testing.assert_close(model.vectors.grad, gradient, rtol=1e-4, atol=1e-6)


def by_hand(model: Vectors, batch: Any, allowed: list[tuple[int, int, list[int]]], scale: float = 4.0) -> float:
    """Mean over (query line, right line, lines of the others)."""
    unit = F.normalize(model.vectors.detach(), dim=1)
    losses = []
    for query, right, others in allowed:
        scores = scale * torch.stack([unit[query] @ unit[line] for line in (right, *others)])
        losses.append((torch.logsumexp(scores, 0) - scores[0]).item())
    return float(np.mean(losses))


def test_relevant_and_equal_passages_are_no_negatives() -> None:
    # Lines: 0 query, 1-3 its passages; 4 query, 5-6 its passages. Passage 7 is in both rows, relevant for both.
    model, batch = judged_batch([[(7, 1.0), (3, 2.0), (4, 0.0)], [(7, 1.0), (4, 0.0)]])
    loss, _ = InBatch(scale=4.0).loss(model, batch)
    first = by_hand(model, batch, [(0, 1, [3]), (0, 2, [3])])
    second = by_hand(model, batch, [(4, 5, [2, 3])])
    assert loss.item() == pytest.approx((first + second) / 2, rel=1e-5)


def test_what_is_relevant_but_not_shown_is_no_negative() -> None:
    model, batch = judged_batch([[(0, 1.0)], [(1, 1.0)]])
    batch["row"] = torch.tensor([5, 5, 6, 6])
    known = np.array([[2.0, 0, 1, 1, 1], [1, 1, 1, 0, 0]])  # query 5 has the second passage too
    encoded = Encoded({}, np.arange(3), {"labels": known, "row": np.array([5, 6])})
    loss = retrieval_loss(EmbeddingRows(loss="in_batch", scale=4.0), encoded, Shape())
    for others in ([], [3]):
        expected = by_hand(model, batch, [(0, 1, others), (2, 3, [1])])
        assert loss.loss(model, batch)[0].item() == pytest.approx(expected, rel=1e-5)
        batch.pop("row", None)


def test_queries_without_what_a_loss_needs_count_nothing() -> None:
    _, batch = judged_batch([[(0, 1.0), (1, 0.0)], [(2, 0.0)], [(3, 1.0)]])
    assert InBatch().items(batch).item() == 2 and Triplet().items(batch).item() == 1
    assert Texts.of(batch).has.tolist() == [True, False, True]
    weighed = {**batch, "sample_weight": torch.tensor([3.0, 3, 3, 5, 5, 1, 1])}
    assert InBatch().items(weighed).item() == 4 and Triplet().items(weighed).item() == 3
    nothing, lines = judged_batch([[(0, 0.0)], [(1, 0.0)]])
    assert InBatch().loss(nothing, lines)[0].item() == 0 == Triplet().loss(nothing, lines)[0].item()


def test_triplets_of_one_query_are_weighed_together() -> None:
    model, batch = judged_batch([[(0, 1.0), (1, 0.0), (2, 0.0)]])
    unit = F.normalize(model.vectors.detach(), dim=1)
    right, *others = (unit[1:] @ unit[0]).tolist()
    expected = np.mean([max(0, 0.9 + other - right) for other in others])
    assert Triplet(margin=0.9).loss(model, batch)[0].item() == pytest.approx(expected, rel=1e-5)


def test_a_cut_vector_adds_its_own_loss() -> None:
    model, batch = judged_batch(PLAIN)
    whole, cut = (InBatch(shape=Shape(dims=dims)).loss(model, batch)[0].item() for dims in ((6,), (2,)))
    assert InBatch().loss(model, batch)[0].item() == pytest.approx(whole)
    assert InBatch(shape=Shape(dims=(6, 2))).loss(model, batch)[0].item() == pytest.approx((whole + cut) / 2)
    assert InBatch().of_vectors(model.vectors[:, :2], batch).item() == pytest.approx(cut)


def test_pairs_as_items() -> None:
    model, batch = judged_batch(PLAIN)
    items = InBatch().flat(model(), batch)
    assert items.targets.tolist() == [1, 0] * 4 and items.logits.shape == (8, 1)
    assert items.logits[0].item() == pytest.approx(F.cosine_similarity(model.vectors[0], model.vectors[1], 0).item())


def test_the_loss_of_a_table() -> None:
    rows = Encoded({}, np.zeros(1, dtype=np.int64), {"labels": Judged.of(np.zeros((0, 1))).matrix()})
    found = retrieval_loss(EmbeddingRows(loss="triplet", margin=0.3), rows, Shape(8))
    assert isinstance(found, Triplet) and found.margin == 0.3 and found.shape.mini_batch == 8
