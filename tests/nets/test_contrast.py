"""Losses of vectors that are alike or not, against loops over pairs and against sentence-transformers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from sentence_transformers.sentence_transformer.losses import ContrastiveLoss, DistillKLDivLoss, MarginMSELoss
from torch import Tensor

from tunebook.nets.contrast import (
    apart,
    contrastive,
    contrastive_classes,
    kl_lists,
    margin_mse,
    same_class,
    supervised,
)

CLASSES = torch.tensor([0, 1, 0, 2, 1, 0, 3])  # two of them stand alone


def cosines(seed: int = 3, lines: int = 7) -> Tensor:
    torch.manual_seed(seed)
    unit = torch.nn.functional.normalize(torch.randn(lines, 5), dim=1)
    return unit @ unit.T


def by_hand(scores: Tensor, one: Callable[[Any, int, int, list[int]], float]) -> list[float]:
    """The mean over the fellows of each line of what `one` says of line, fellow, and the lines of other classes."""
    found = []
    for line, own in enumerate(CLASSES.tolist()):
        fellows = [at for at, other in enumerate(CLASSES.tolist()) if other == own and at != line]
        others = [at for at, other in enumerate(CLASSES.tolist()) if other != own]
        values = [
            one(scores.tolist(), line, fellow, [*others, *fellows] if one is khosla else others) for fellow in fellows
        ]
        found.append(sum(values) / max(len(values), 1))
    return found


def khosla(scores: Any, line: int, fellow: int, all_others: list[int]) -> float:
    return -math.log(math.exp(scores[line][fellow]) / sum(math.exp(scores[line][at]) for at in all_others))


def masked(scores: Any, line: int, fellow: int, others: list[int]) -> float:
    whole = math.exp(scores[line][fellow]) + sum(math.exp(scores[line][at]) for at in others)
    return -math.log(math.exp(scores[line][fellow]) / whole)


@pytest.mark.parametrize(("loss", "one"), [(supervised, khosla), (apart, masked)])
def test_losses_of_classes_are_those_of_loops(loss: Any, one: Any) -> None:
    scores = 4 * cosines()
    found = loss(scores, same_class(CLASSES))
    assert found.tolist() == pytest.approx(by_hand(scores, one), rel=1e-5)
    assert found[3] == found[6] == 0


def test_contrastive_of_classes_weighs_both_kinds_alike() -> None:
    scores = cosines()

    def fellows(given: Any, line: int, fellow: int, others: list[int]) -> float:
        return (1 - given[line][fellow]) ** 2 / 4

    expected = torch.tensor(by_hand(scores, fellows))
    for line, own in enumerate(CLASSES.tolist()):
        others = [max(0.0, 0.9 - (1 - scores[line, at].item())) ** 2 / 2 for at in range(7) if CLASSES[at] != own]
        expected[line] += sum(others) / len(others) / 2
    torch.testing.assert_close(contrastive_classes(scores, same_class(CLASSES), 0.9), expected)


@pytest.mark.parametrize("loss", [supervised, apart, lambda *given: contrastive_classes(*given, 0.5)])
@pytest.mark.parametrize("classes", [[0], [0, 0], [0, 1], [0, 0, 1]])
def test_few_lines_leave_finite_gradients(loss: Any, classes: list[int]) -> None:
    scores = cosines(lines=len(classes)).requires_grad_()
    found = loss(scores, same_class(torch.tensor(classes)))
    found.sum().backward()
    assert torch.isfinite(found).all() and torch.isfinite(scores.grad).all()


def test_contrastive_is_that_of_sentence_transformers() -> None:
    torch.manual_seed(5)
    first, second, alike = torch.randn(9, 4), torch.randn(9, 4), torch.randint(0, 2, (9,))
    theirs = ContrastiveLoss(None, margin=0.7).compute_loss_from_embeddings([first, second], alike)
    ours = contrastive(torch.cosine_similarity(first, second), alike.float(), 0.7).mean()
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_losses_of_a_teacher_are_those_of_sentence_transformers() -> None:
    torch.manual_seed(6)
    query, *passages = (torch.randn(5, 4) for _ in range(4))
    taught = 3 * torch.randn(5, 3)
    scores = torch.stack([(query * one).sum(1) for one in passages], dim=1)
    theirs = DistillKLDivLoss(None, student_temperature=0.5, teacher_temperature=2.0)
    expected = theirs.compute_loss_from_embeddings([query, *passages], taught) / 0.25
    real = torch.ones_like(taught, dtype=torch.bool)
    assert kl_lists(scores / 0.5, taught / 2, real).mean().item() == pytest.approx(expected.item(), rel=1e-5)
    gaps = taught[:, :1] - taught[:, 1:]
    expected = MarginMSELoss(None).compute_loss_from_embeddings([query, *passages], gaps)
    assert margin_mse(scores[:, :1] - scores[:, 1:], gaps).mean().item() == pytest.approx(expected.item(), rel=1e-5)


def test_passages_that_are_not_there_do_not_count() -> None:
    torch.manual_seed(7)
    scores, taught = torch.randn(3, 4, requires_grad=True), torch.randn(3, 4)
    real = torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]], dtype=torch.bool)
    found = kl_lists(scores, taught, real)
    alone = [
        kl_lists(scores[at : at + 1, :n], taught[at : at + 1, :n], real[at : at + 1, :n]) for at, n in ((0, 3), (1, 2))
    ]
    torch.testing.assert_close(found[:2], torch.cat(alone))
    assert found[2] == 0
    found.sum().backward()
    assert torch.isfinite(scores.grad).all() and not scores.grad[~real].any()
