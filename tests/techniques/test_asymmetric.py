"""Asymmetric loss against the formula in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from tests import small
from tests.techniques.attacked import clean_loss, gradients, small_net
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts
from tunebook.techniques.asymmetric import Asymmetric

NEUTRAL = {"gamma_negative": 0.0, "gamma_positive": 0.0, "margin": 0.0}
SEVERAL = Labels(problem="multi_label", names=["a", "b", "c"])


def loss_of(technique: Asymmetric, **settings: Any) -> tuple[Any, Any, Any, Any]:
    net, run, batch = small_net(labels=SEVERAL, **settings)
    with torch.no_grad():
        net.classifier.weight.mul_(50)
    assert run.criterion is not None
    loss, outputs = technique.around_loss(run.criterion.loss, run)(net, batch)
    return loss, outputs.logits, batch, net


@pytest.mark.parametrize("values", [(4.0, 1.0, 0.05), (2.0, 0.0, 0.0), (0.5, 0.5, 0.3), (0.0, 0.0, 0.2)])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_it_is_the_formula(values: tuple[float, float, float], smoothing: float) -> None:
    negative, positive, margin = values
    made = Asymmetric(gamma_negative=negative, gamma_positive=positive, margin=margin)
    loss, logits, batch, _ = loss_of(made, label_smoothing=smoothing)
    p = 1 / (1 + np.exp(-logits.detach().double().numpy()))
    q = np.maximum(p - margin, 0)
    y = batch["labels"].numpy() * (1 - smoothing) + smoothing / 2
    expected = -(y * (1 - p) ** positive * np.log(p) + (1 - y) * q**negative * np.log(1 - q))
    assert float(loss.detach()) == pytest.approx(expected.mean(), rel=1e-4)


def test_with_hardly_any_asymmetry_it_is_the_binary_cross_entropy() -> None:
    loss, logits, batch, _ = loss_of(Asymmetric(gamma_negative=1e-6, gamma_positive=1e-6, margin=0))
    expected = F.binary_cross_entropy_with_logits(logits, batch["labels"])
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-4)


def test_easy_negatives_count_nothing_and_gradients_stay_finite() -> None:
    net, run, batch = small_net(labels=SEVERAL)
    batch["labels"] = torch.zeros(8, 3)
    with torch.no_grad():
        net.classifier.bias.fill_(-8.0)
    assert run.criterion is not None
    for bias, gamma in ((-8.0, 4.0), (-8.0, 0.5), (200.0, 4.0)):
        with torch.no_grad():
            net.classifier.bias.fill_(bias)
        made = Asymmetric(gamma_negative=gamma)
        loss, _ = made.around_loss(run.criterion.loss, run)(net, batch)
        assert torch.isfinite(loss)
        slopes = gradients(net, loss)
        assert all(torch.isfinite(value).all() for value in slopes.values())
        assert bias > 0 or not any(value.any() for value in slopes.values())


def facts(problem: Any, weights: str = "none") -> Facts:
    labels = Labels(problem=problem, names=["a", "b"])
    return Facts("text_classification", labels, small.filled(class_weights=weights), {}, frozenset({"asymmetric"}), 10)


def test_what_it_cannot_do_is_refused() -> None:
    for given, code in (
        (facts("single_label"), "losses.problem"),
        (facts("multi_label", "sqrt"), "losses.class_weights"),
    ):
        with pytest.raises(PlanError) as caught:
            Asymmetric().refuse(given)
        assert caught.value.code == code and caught.value.allowed
    Asymmetric().refuse(facts("multi_label"))


def test_without_strength_the_loss_itself_is_left() -> None:
    _, run, _ = small_net()
    assert Asymmetric(**NEUTRAL).around_loss(clean_loss, run) is clean_loss
