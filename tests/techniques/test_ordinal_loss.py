"""The loss of borders by hand, and that its least lies where rounding reads the right class."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.techniques.attacked import small_net
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.task import Measures
from tunebook.core.technique import Facts
from tunebook.stats.ranking import nearest_level
from tunebook.techniques.ordinal_loss import OrdinalLoss

STARS = Labels(problem="ordinal", names=["1", "2", "3", "4", "5"])


def test_it_is_the_sum_over_the_borders_by_hand() -> None:
    net, run, batch = small_net(labels=STARS)
    batch["sample_weight"] = torch.linspace(0.5, 1.5, 8)
    assert run.criterion is not None
    loss, outputs = OrdinalLoss(scale=3.0).around_loss(run.criterion.loss, run)(net, batch)
    z = outputs.logits.detach().double().numpy()[:, 0]
    total = np.zeros(8)
    for border in (0.5, 1.5, 2.5, 3.5):
        above = 1 / (1 + np.exp(-3.0 * (z - border)))
        total -= np.where(batch["labels"].numpy() > border, np.log(above), np.log(1 - above))
    w = batch["sample_weight"].numpy()
    assert float(loss.detach()) == pytest.approx((w * total).sum() / w.sum(), rel=1e-4)


class Answer:
    def __init__(self, logits: torch.Tensor) -> None:
        self.logits = logits


@pytest.mark.parametrize("scale", [2.0, 4.0, 20.0])
def test_the_answer_with_the_least_loss_is_rounded_to_the_right_class(scale: float) -> None:
    _, run, _ = small_net(labels=STARS)
    grid = torch.linspace(-3, 7, 1001)
    for label in range(5):
        losses = [
            float(
                OrdinalLoss(scale=scale).around_loss(lambda model, given, z=z: (None, Answer(z.reshape(1, 1))), run)(  # type: ignore[arg-type, misc]
                    None, {"labels": torch.tensor([float(label)])}
                )[0]
            )
            for z in grid
        ]
        best = float(grid[int(np.argmin(losses))])
        assert nearest_level(np.array([best]), 5)[0] == label


@pytest.mark.parametrize("scale", [2.0, 4.0, 10.0])
def test_a_far_miss_costs_about_its_square_and_bounds_the_distance(scale: float) -> None:
    _, run, _ = small_net(labels=STARS)
    loss = OrdinalLoss(scale=scale).around_loss(
        lambda model, given: (torch.zeros(()), Answer(torch.tensor([[4.0]]))), run
    )
    costs = [float(loss(None, {"labels": torch.tensor([float(4 - miss)])})[0]) for miss in range(5)]  # type: ignore[arg-type]
    for miss in (2, 3, 4):
        assert costs[miss] == pytest.approx(scale / 2 * miss**2, rel=0.15)
        assert costs[miss] > np.log(2) * miss


def test_other_labels_are_refused() -> None:
    for problem in ("single_label", "multi_label", "regression"):
        labels = Labels(problem=problem, names=["a", "b"])  # type: ignore[arg-type]
        with pytest.raises(PlanError) as caught:
            OrdinalLoss().refuse(Facts("text_classification", labels, {}, {}, frozenset(), 10))
        assert caught.value.code == "losses.problem"
    OrdinalLoss().refuse(Facts("text_classification", STARS, {}, {}, frozenset(), 10))


def test_the_borders_stay_where_they_are_in_another_unit() -> None:
    net, run, batch = small_net(labels=STARS)
    assert isinstance(run.criterion, Measures)
    technique = OrdinalLoss(scale=3.0)
    one = technique.around_loss(run.criterion.loss, run)(net.eval(), batch)[0]
    run.criterion = run.criterion.measured(8.0)
    two = technique.around_loss(run.criterion.loss, run)(net, batch)[0]
    assert float(two.detach()) == pytest.approx(float(one.detach()), rel=1e-5)
