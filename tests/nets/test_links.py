"""What follows from a link, against formulas in numpy and against draws."""

import numpy as np
import pytest
import torch

from tunebook.nets.classify import divergence, drawn_targets, old_outputs, surprise, symmetric

P = torch.tensor([[0.3, -1.0, 2.0], [0.0, 0.0, 0.0], [5.0, -5.0, 1.0]])
Q = torch.tensor([[1.0, 0.5, -2.0], [0.1, 0.2, -0.3], [5.0, -5.0, 1.0]])


def test_of_classes_it_is_the_kullback_leibler_divergence():
    p, q = np.exp(P.numpy().astype(float)), np.exp(Q.numpy().astype(float))
    p, q = p / p.sum(1, keepdims=True), q / q.sum(1, keepdims=True)
    assert divergence(P, Q, "softmax").numpy() == pytest.approx((p * np.log(p / q)).sum(1), abs=1e-6)
    both = ((p * np.log(p / q)).sum(1) + (q * np.log(q / p)).sum(1)) / 2
    assert symmetric(P, Q, "softmax").numpy() == pytest.approx(both, abs=1e-6)


def test_of_several_labels_it_is_the_mean_of_yes_and_no():
    p, q = 1 / (1 + np.exp(-P.numpy().astype(float))), 1 / (1 + np.exp(-Q.numpy().astype(float)))
    expected = (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))).mean(1)
    assert divergence(P, Q, "sigmoid").numpy() == pytest.approx(expected, abs=1e-6)


def test_of_numbers_it_is_the_squared_difference():
    one, other = torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [2.0]])
    assert divergence(one, other, "identity").tolist() == symmetric(one, other, "identity").tolist() == [4.0, 0.0]


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_answers_that_are_very_sure_stay_finite(link):
    one = torch.tensor([[300.0, -300.0]], requires_grad=True)
    found = symmetric(one, torch.tensor([[-300.0, 300.0]]), link).sum()
    found.backward()
    assert torch.isfinite(found) and torch.isfinite(one.grad).all()


def test_targets_are_drawn_as_predicted():
    draw = torch.Generator().manual_seed(0)
    logits = torch.tensor([[0.0, 2.0]]).repeat(4000, 1)
    share = drawn_targets(logits, "softmax", draw).float().mean()
    assert float(share) == pytest.approx(np.exp(2) / (1 + np.exp(2)), abs=0.03)
    yes = drawn_targets(logits, "sigmoid", draw).mean(0)
    assert yes.tolist() == pytest.approx([0.5, np.exp(2) / (1 + np.exp(2))], abs=0.03)
    numbers = drawn_targets(logits[:, 1:], "identity", draw)
    assert float(numbers.mean()) == pytest.approx(2, abs=0.1) and float(numbers.std()) == pytest.approx(1, abs=0.1)


def test_surprise_is_the_log_of_the_chance():
    logits = torch.tensor([[0.0, 2.0]])
    sigmoid = torch.sigmoid(logits)[0]
    assert surprise(logits, torch.tensor([1]), "softmax").item() == pytest.approx(-float(logits.log_softmax(1)[0, 1]))
    assert surprise(logits, torch.tensor([[0, 1]]), "sigmoid").item() == pytest.approx(
        -float((1 - sigmoid[0]).log() + sigmoid[1].log())
    )
    assert surprise(logits[:, 1:], torch.tensor([5.0]), "identity").item() == pytest.approx(4.5)


def test_old_outputs():
    logits = torch.arange(6.0).reshape(2, 3)
    assert old_outputs(logits, 2, "softmax").shape == (2, 2)
    assert old_outputs(logits[:, :1], 1, "identity").shape == (2, 1)
