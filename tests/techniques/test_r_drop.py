"""R-Drop's loss by hand, from the two answers that it saw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests import small, tiny
from tests.techniques.attacked import SINGLE, clean_loss, gradients, small_net
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts
from tunebook.techniques.r_drop import RDrop

NEUTRAL = {"alpha": 0.0}


def test_the_loss_is_that_of_the_paper_by_hand() -> None:
    net, run, batch = small_net(dropout=0.4)
    seen: list[Any] = []

    def note(model: Any, given: dict[str, Tensor]) -> Any:
        seen.append(clean_loss(model, given))
        return seen[-1]

    total, outputs = RDrop(alpha=1.7).around_loss(note, run)(net, batch)
    assert len(seen) == 2 and outputs is seen[0][1]
    one, two = (found[1].logits.detach().double().softmax(1).numpy() for found in seen)
    apart = 0.5 * ((one * np.log(one / two)).sum(1) + (two * np.log(two / one)).sum(1))
    expected = 0.5 * (float(seen[0][0].detach()) + float(seen[1][0].detach())) + 1.7 * apart.mean()
    assert float(total.detach()) == pytest.approx(expected, rel=1e-5)
    assert run.counters["r_drop"]["divergence"] == pytest.approx(apart.mean(), rel=1e-4)


def test_the_divergence_does_not_depend_on_the_size_of_the_batch() -> None:
    """The same rows twice: other implementations that sum over the batch would double it."""
    net, run, batch = small_net(dropout=0.4)
    first, second = torch.randn(8, 3), torch.randn(8, 3)

    def loss_of(times: int) -> float:
        answers = [first.repeat(times, 1), second.repeat(times, 1)]

        class Outputs:
            def __init__(self) -> None:
                self.logits = answers.pop(0)

        rows = {"labels": batch["labels"].repeat(times)}
        return float(RDrop().around_loss(lambda model, given: (torch.zeros(()), Outputs()), run)(net, rows)[0])

    assert loss_of(3) == pytest.approx(loss_of(1), rel=1e-6)


def test_items_count_with_their_weights() -> None:
    net, run, batch = small_net(dropout=0.4)
    batch["sample_weight"] = torch.tensor([1.0] + [0.0] * 7)
    assert run.criterion is not None
    seen: list[Any] = []

    def note(model: Any, given: dict[str, Tensor]) -> Any:
        seen.append(run.criterion.loss(model, given))  # type: ignore[union-attr]
        return seen[-1]

    total, _ = RDrop().around_loss(note, run)(net, batch)
    one, two = (found[1].logits[:1].softmax(1) for found in seen)
    apart = 0.5 * ((one * (one / two).log()).sum() + (two * (two / one).log()).sum())
    assert float(total.detach()) == pytest.approx(float(((seen[0][0] + seen[1][0]) / 2 + apart).detach()), rel=1e-5)


def test_both_readings_are_learnt_from() -> None:
    net, run, batch = small_net(dropout=0.4)
    found = gradients(net, RDrop(alpha=5.0).around_loss(clean_loss, run)(net, batch)[0])
    torch.manual_seed(3)
    one, two = clean_loss(net, batch), clean_loss(net, batch)
    p, q = one[1].logits.log_softmax(1), two[1].logits.log_softmax(1)
    apart = ((p.exp() - q.exp()) * (p - q)).sum(1).mean() / 2
    for name, value in gradients(net, (one[0] + two[0]) / 2 + 5.0 * apart).items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6, msg=name)


def test_without_dropout_it_never_acts() -> None:
    net, run, batch = small_net()
    RDrop().around_loss(clean_loss, run)(net, batch)
    assert not run.counters["r_drop"]["divergence"]


@pytest.mark.parametrize(
    "labels",
    [Labels(problem="multi_label", names=["a", "b"]), Labels(problem="ordinal", names=["a", "b"])],
    ids=lambda labels: labels.problem,
)
def test_other_kinds_of_labels_have_a_distance_too(labels: Labels) -> None:
    net, run, batch = small_net(dropout=0.4, labels=labels)
    assert run.criterion is not None
    total, _ = RDrop().around_loss(run.criterion.loss, run)(net, batch)
    assert torch.isfinite(total) and run.counters["r_drop"]["divergence"] > 0


def facts(config: dict[str, Any], **settings: Any) -> Facts:
    return Facts("text_classification", SINGLE, small.filled(**settings), config, frozenset({"r_drop"}), 100)


NONE = {"dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0}
BERT = tiny.config("bert", dropout=0.1).to_dict()
BARE = tiny.config("modernbert").to_dict()


@pytest.mark.parametrize(("config", "settings"), [(BERT, NONE), (BARE, {}), (BARE, {"dropout": 0.0})])
def test_without_any_dropout_it_is_refused(config: dict[str, Any], settings: dict[str, Any]) -> None:
    with pytest.raises(PlanError) as caught:
        RDrop().refuse(facts(config, **settings))
    assert caught.value.code == "losses.dropout"
    RDrop(alpha=0).refuse(facts(config, **settings))


@pytest.mark.parametrize(("config", "settings"), [(BERT, {}), (BARE, {"dropout": 0.1}), ({}, {"dropout": 0.0})])
def test_with_some_it_is_not(config: dict[str, Any], settings: dict[str, Any]) -> None:
    RDrop().refuse(facts(config, **settings))


def test_without_strength_the_loss_itself_is_left() -> None:
    _, run, _ = small_net()
    assert RDrop(**NEUTRAL).around_loss(clean_loss, run) is clean_loss
