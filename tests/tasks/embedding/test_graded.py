"""Losses of graded pairs, against those of sentence-transformers on the same vectors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from sentence_transformers.sentence_transformer.losses import ContrastiveLoss, CoSENTLoss, CosineSimilarityLoss
from torch import Tensor, nn

from tunebook.core.nouns import Labels
from tunebook.nets.candidates import PLACE
from tunebook.tasks.embedding.graded import Contrastive, CosineMse, Graded, graded_loss
from tunebook.tasks.embedding.loss import Shape
from tunebook.tasks.embedding.rows import EmbeddingRows, margin_of

LABELS = Labels(problem="regression", low=1.0, high=3.0)


class Vectors(nn.Module):
    """A model that answers with vectors whatever it is asked."""

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.vectors = nn.Parameter(vectors.clone())

    def forward(self, **_: Any) -> Any:
        return SimpleNamespace(logits=self.vectors)


def case(rows: int = 7) -> tuple[Vectors, dict[str, Tensor]]:
    torch.manual_seed(3)
    grades = torch.tensor([1.0, 3.0, 2.0, 2.0, 1.5, 3.0, 1.0])[:rows]
    side = torch.tensor([-1, 0] * rows)
    return Vectors(torch.randn(2 * rows, 5)), {PLACE: side, "labels": grades.repeat_interleave(2)}


def of(loss: str, scale: float = 7.0) -> Graded:
    return graded_loss(LABELS, EmbeddingRows(loss=loss, scale=scale), Shape())


@pytest.mark.parametrize(
    ("key", "other"), [("cosent", CoSENTLoss), ("cosine_mse", CosineSimilarityLoss), ("contrastive", ContrastiveLoss)]
)
@pytest.mark.filterwarnings("ignore:ContrastiveLoss expects binary")
def test_values_and_gradients_are_those_of_sentence_transformers(key: str, other: Any) -> None:
    model, batch = case()
    loss, outputs = of(key).loss(model, batch)
    loss.backward()
    again = nn.Parameter(model.vectors.detach().clone())
    halves = iter((again[0::2], again[1::2]))
    encoder = lambda features: {"sentence_embedding": next(halves)}  # noqa: E731
    grades = (batch["labels"][::2] - 1) / 2
    theirs = other(encoder, **({"scale": 7.0} if key == "cosent" else {}))([{}, {}], grades)
    theirs.backward()
    assert loss.item() == pytest.approx(theirs.item(), rel=1e-6)
    torch.testing.assert_close(model.vectors.grad, again.grad)
    assert outputs.logits is model.vectors


def test_a_row_without_weight_is_as_good_as_absent() -> None:
    model, batch = case()
    weights = torch.ones(14)
    weights[4:6] = 0
    kept = torch.tensor([place for place in range(14) if place not in (4, 5)])
    fewer = {name: column[kept] for name, column in batch.items()}
    for key in ("cosent", "cosine_mse", "contrastive"):
        weighed, _ = of(key).loss(model, {**batch, "sample_weight": weights})
        absent, _ = of(key).loss(Vectors(model.vectors.detach()[kept]), fewer)
        assert weighed.item() == pytest.approx(absent.item(), rel=1e-6)
        assert float(of(key).items({**batch, "sample_weight": weights})) == 6


def test_equal_grades_leave_no_pair_to_compare() -> None:
    model, batch = case()
    loss, _ = of("cosent").loss(model, {**batch, "labels": torch.full((14,), 2.0)})
    assert loss.item() == 0


def test_pairs_as_items() -> None:
    model, batch = case()
    items = of("cosine_mse").flat(model(), batch)
    assert items.logits.shape == (7, 1) and items.targets.tolist() == [0, 1, 0.5, 0.5, 0.25, 1, 0]
    losses = (items.logits[:, 0] - items.targets).square()
    assert items.mean(losses).item() == pytest.approx(of("cosine_mse").loss(model, batch)[0].item(), rel=1e-6)
    assert isinstance(of("cosine_mse"), CosineMse)


def test_the_margin_is_that_of_the_loss_unless_it_is_told() -> None:
    assert graded_loss(LABELS, EmbeddingRows(loss="contrastive"), Shape()) == Contrastive.of(LABELS, margin=0.5)
    assert graded_loss(LABELS, EmbeddingRows(loss="contrastive", margin=0), Shape()) == Contrastive.of(LABELS, margin=0)
    assert margin_of(EmbeddingRows(loss="triplet")) == 0.2
