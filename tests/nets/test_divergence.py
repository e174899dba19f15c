"""Divergences against torch's and numpy's own."""

import numpy as np
import pytest
import torch

from tunebook.nets.divergence import divergence, symmetric

P = torch.tensor([[0.3, -1.0, 2.0], [0.0, 0.0, 0.0], [5.0, -5.0, 1.0]])
Q = torch.tensor([[1.0, 0.5, -2.0], [0.1, 0.2, -0.3], [5.0, -5.0, 1.0]])


@pytest.mark.parametrize("problem", ["single_label", "language_model"])
def test_of_classes_and_tokens_it_is_the_kullback_leibler_divergence(problem):
    p, q = np.exp(P.numpy().astype(float)), np.exp(Q.numpy().astype(float))
    p, q = p / p.sum(1, keepdims=True), q / q.sum(1, keepdims=True)
    assert divergence(P, Q, problem).numpy() == pytest.approx((p * np.log(p / q)).sum(1), abs=1e-6)
    both = ((p * np.log(p / q)).sum(1) + (q * np.log(q / p)).sum(1)) / 2
    assert symmetric(P, Q, problem).numpy() == pytest.approx(both, abs=1e-6)


def test_of_several_labels_it_is_the_mean_of_yes_and_no():
    p, q = 1 / (1 + np.exp(-P.numpy().astype(float))), 1 / (1 + np.exp(-Q.numpy().astype(float)))
    expected = (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))).mean(1)
    assert divergence(P, Q, "multi_label").numpy() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("problem", ["regression", "ordinal"])
def test_of_numbers_it_is_the_squared_difference(problem):
    one, other = torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [2.0]])
    assert divergence(one, other, problem).tolist() == symmetric(one, other, problem).tolist() == [4.0, 0.0]


@pytest.mark.parametrize("problem", ["single_label", "multi_label"])
def test_answers_that_are_very_sure_stay_finite(problem):
    one = torch.tensor([[300.0, -300.0]], requires_grad=True)
    found = symmetric(one, torch.tensor([[-300.0, 300.0]]), problem).sum()
    found.backward()
    assert torch.isfinite(found) and torch.isfinite(one.grad).all()
