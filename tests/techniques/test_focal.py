"""Focal loss against the formula in numpy; gamma 0 and gamma near 0 are the cross-entropy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from tests import small
from tests.techniques.attacked import SINGLE, clean_loss, gradients, small_net
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts
from tunebook.nets.classify import Classify
from tunebook.techniques.focal import Focal

NEUTRAL = {"gamma": 0.0}
SEVERAL = Labels(problem="multi_label", names=["a", "b", "c"])


def focal(labels: Labels, gamma: float, weights: Any = None, **settings: Any) -> tuple[Any, Any, Any, Any]:
    """Loss, logits in float64, batch and net of one call."""
    net, run, batch = small_net(labels=labels, **settings)
    with torch.no_grad():
        net.classifier.weight.mul_(50)  # answers that differ
    run.criterion = Classify(labels.kind.link, weights, run.settings.label_smoothing)
    loss, outputs = Focal(gamma=gamma).around_loss(run.criterion.loss, run)(net, batch)
    return loss, outputs.logits.detach().double().numpy(), batch, net


@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
def test_one_class_a_row_is_the_formula(gamma: float) -> None:
    loss, logits, batch, _ = focal(SINGLE, gamma)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    p = p[np.arange(8), batch["labels"].numpy()]
    assert float(loss.detach()) == pytest.approx((-((1 - p) ** gamma) * np.log(p)).mean(), rel=1e-4)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_several_labels_a_row_are_yes_and_no_each(gamma: float) -> None:
    loss, logits, batch, _ = focal(SEVERAL, gamma)
    p = 1 / (1 + np.exp(-logits))
    y = batch["labels"].numpy()
    p_t = np.where(y == 1, p, 1 - p)
    assert float(loss.detach()) == pytest.approx((-((1 - p_t) ** gamma) * np.log(p_t)).mean(), rel=1e-4)


@pytest.mark.parametrize("labels", [SINGLE, SEVERAL], ids=lambda labels: labels.problem)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_near_gamma_0_it_is_the_task_s_own_loss_with_its_smoothing(labels: Labels, smoothing: float) -> None:
    loss, _, batch, net = focal(labels, 1e-7, label_smoothing=smoothing)
    expected = Classify(labels.kind.link, None, smoothing).loss(net, batch)[0]
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)


def test_weights_of_classes_and_of_rows_act() -> None:
    weights = torch.tensor([1.0, 2.0, 5.0])
    net, run, batch = small_net()
    batch["sample_weight"] = torch.linspace(0, 1, 8)
    run.criterion = Classify("softmax", weights, 0.0)
    loss, outputs = Focal(gamma=2.0).around_loss(run.criterion.loss, run)(net, batch)
    p = outputs.logits.softmax(1)[torch.arange(8), batch["labels"]]
    w = weights[batch["labels"]] * batch["sample_weight"]
    assert float(loss.detach()) == pytest.approx(float(((w * -((1 - p) ** 2) * p.log()).sum() / w.sum()).detach()))


def test_what_smoothing_spreads_has_the_weights_of_its_classes() -> None:
    """Each term by itself, in numpy; at gamma 0 it is torch's own weighted and smoothed cross-entropy."""
    weights, e = np.array([1.0, 2.0, 5.0]), 0.3
    for gamma in (1e-7, 2.0):
        loss, logits, batch, _ = focal(SINGLE, gamma, torch.tensor(weights), label_smoothing=e)
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        y = batch["labels"].numpy()
        above = sum(
            weights[c] * ((1 - e) * (c == y[row]) + e / 3) * (1 - p[row, c]) ** gamma * -np.log(p[row, c])
            for row in range(8)
            for c in range(3)
        )
        assert float(loss.detach()) == pytest.approx(above / weights[y].sum(), rel=1e-5)
    plain = F.cross_entropy(
        torch.tensor(logits), batch["labels"], torch.tensor(weights), label_smoothing=e
    )  # of the last logits, which do not hang on gamma
    near, *_ = focal(SINGLE, 1e-7, torch.tensor(weights), label_smoothing=e)
    assert float(near.detach()) == pytest.approx(float(plain), rel=1e-5)


@pytest.mark.parametrize("labels", [SINGLE, SEVERAL], ids=lambda labels: labels.problem)
def test_answers_that_are_quite_sure_have_finite_gradients(labels: Labels) -> None:
    net, run, batch = small_net(labels=labels)
    with torch.no_grad():
        net.classifier.bias.copy_(torch.tensor([200.0, -200.0, 0.0]))
    assert run.criterion is not None
    loss, _ = Focal(gamma=0.5).around_loss(run.criterion.loss, run)(net, batch)
    assert torch.isfinite(loss) and all(torch.isfinite(value).all() for value in gradients(net, loss).values())


def test_it_lies_inside_everything_else() -> None:
    """What the loss below it gives is not used, so nothing may stand there."""
    net, run, batch = small_net()
    assert run.criterion is not None
    criterion = run.criterion

    def inner(model: Any, given: Any) -> Any:
        return torch.tensor(1e9), criterion.loss(model, given)[1]

    loss, outputs = Focal().around_loss(inner, run)(net, batch)
    assert loss < F.cross_entropy(outputs.logits, batch["labels"])


def facts(problem: Any, weights: str = "none") -> Facts:
    labels = Labels(problem=problem, names=["a", "b"])
    return Facts("text_classification", labels, small.filled(class_weights=weights), {}, frozenset({"focal"}), 10)


def test_what_it_cannot_do_is_refused() -> None:
    for given, code in (
        (facts("regression"), "losses.problem"),
        (facts("ordinal"), "losses.problem"),
        (facts("multi_label", "balanced"), "losses.class_weights"),
    ):
        with pytest.raises(PlanError) as caught:
            Focal().refuse(given)
        assert caught.value.code == code and caught.value.allowed
    Focal().refuse(facts("single_label", "balanced"))
    Focal().refuse(facts("multi_label"))


def test_without_strength_the_loss_itself_is_left() -> None:
    _, run, _ = small_net()
    assert Focal(**NEUTRAL).around_loss(clean_loss, run) is clean_loss
