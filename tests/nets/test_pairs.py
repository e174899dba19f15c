"""Pairs of rows: how they are drawn, and their loss against torch's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tunebook.nets.pairs import cosine_loss, drawn_pairs, fellows


@pytest.mark.parametrize("each", [1, 3])
def test_each_row_is_paired_with_its_class_and_with_others(each: int) -> None:
    classes = np.array([0, 1, 2, 1, 0, 2, 0, 1])
    pairs = drawn_pairs(classes, each, (0, 0))
    assert pairs.shape == (2 * each * 8, 2) and (pairs[:, 0] != pairs[:, 1]).all()
    same = classes[pairs[:, 0]] == classes[pairs[:, 1]]
    for row in range(8):
        assert same[pairs[:, 0] == row].sum() == each and (~same[pairs[:, 0] == row]).sum() == each


def test_all_partners_come_about_as_often() -> None:
    classes = np.array([0, 0, 0, 0, 1, 1, 2])
    drawn = np.concatenate([drawn_pairs(classes, 1, (7, epoch)) for epoch in range(3000)])
    of_first = drawn[drawn[:, 0] == 0][:, 1]
    counts = np.bincount(of_first, minlength=7)
    assert counts[0] == 0
    np.testing.assert_allclose(counts[1:], [1000] * 6, rtol=0.12)
    assert set(drawn[drawn[:, 0] == 6][:, 1]) == set(range(6)), "alone in its class, it is paired with others only"


def test_fellows_go_round_their_class() -> None:
    classes = np.array([3, 0, 3, 7, 3])
    assert fellows(classes, np.ones(5, dtype=np.int64)).tolist() == [2, 1, 4, 3, 0]
    assert fellows(classes, np.full(5, 2)).tolist() == [4, 1, 0, 3, 2]


def test_draws_follow_from_the_seed() -> None:
    classes = np.arange(20) % 3
    assert np.array_equal(drawn_pairs(classes, 2, (1, 4)), drawn_pairs(classes, 2, (1, 4)))
    assert not np.array_equal(drawn_pairs(classes, 2, (1, 4)), drawn_pairs(classes, 2, (1, 5)))


def test_one_class_has_pairs_of_its_own_only() -> None:
    pairs = drawn_pairs(np.zeros(5, dtype=np.int64), 1, (0,))
    assert (pairs[:, 0] != pairs[:, 1]).all()


def test_the_loss_is_that_of_sentence_transformers() -> None:
    """`CosineSimilarityLoss` is torch's MSELoss of the cosine and the label (its default)."""
    torch.manual_seed(0)
    vectors, classes = torch.randn(8, 5), torch.tensor([0, 0, 1, 2, 2, 2, 0, 1])
    wanted = torch.nn.functional.mse_loss(
        torch.cosine_similarity(vectors[0::2], vectors[1::2]), torch.tensor([1.0, 0.0, 1.0, 0.0]), reduction="none"
    )
    torch.testing.assert_close(cosine_loss(vectors, classes), wanted)
