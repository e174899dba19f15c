"""The discrepancy is that of a double loop over all pairs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tests import small
from tests.ground import MORE, Ground
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts, model_inputs
from tunebook.nets.alignment import Partners
from tunebook.nets.heads import head_inputs, head_of
from tunebook.techniques.mmd import MMD, discrepancy

ACTS = {"target": MORE, "block": 4}
STILL = {"dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0}
NEUTRAL = {"target": MORE, "weight": 0.0, "block": 4}


def by_hand(x: np.ndarray, y: np.ndarray, kernels: int) -> float:
    """Formula 3 of Gretton et al. with a mean of Gaussian kernels around the mean squared distance."""
    both = [*x, *y]
    pairs = [(i, j) for i in range(len(both)) for j in range(len(both)) if i != j]
    width = sum(((both[i] - both[j]) ** 2).sum() for i, j in pairs) / len(pairs)

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        apart = float(((a - b) ** 2).sum())
        return sum(math.exp(-apart / (width * 2.0 ** (u - kernels // 2))) for u in range(kernels)) / kernels

    n = len(x)
    within = sum(kernel(z[i], z[j]) for z in (x, y) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    across = sum(kernel(x[i], y[j]) for i in range(n) for j in range(n)) / n**2
    return within - 2 * across


@pytest.mark.parametrize(("rows", "kernels"), [(2, 1), (5, 5), (8, 4)])
def test_it_is_the_double_loop(rows: int, kernels: int) -> None:
    draw = np.random.default_rng(rows)
    x, y = draw.normal(size=(rows, 6)), draw.normal(0.5, 2, size=(rows, 6))
    found = discrepancy(torch.from_numpy(x), torch.from_numpy(y), kernels)
    assert float(found) == pytest.approx(by_hand(x, y, kernels), rel=1e-9)


def test_it_is_unbiased_and_grows_with_the_distance() -> None:
    draw = torch.Generator().manual_seed(0)

    def mean(shift: float) -> float:
        pairs = [torch.randn(2, 8, 5, generator=draw) for _ in range(400)]
        return float(torch.stack([discrepancy(a, b + shift, 5) for a, b in pairs]).mean())

    assert abs(mean(0)) < 0.004 < 0.03 < mean(0.5) < mean(2)


def test_rows_that_are_all_alike_have_a_gradient_that_is_a_number() -> None:
    x = torch.ones(4, 3, requires_grad=True)
    discrepancy(x, torch.ones(4, 3), 5).backward()
    assert torch.isfinite(x.grad).all()  # type: ignore[arg-type]


def test_descending_on_it_brings_two_samples_together_without_making_them_small() -> None:
    draw = torch.Generator().manual_seed(0)
    x, y = torch.randn(32, 4, generator=draw).requires_grad_(), torch.randn(32, 4, generator=draw) + 2
    descent = torch.optim.Adam([x], lr=0.1)
    for _ in range(200):
        descent.zero_grad()
        discrepancy(x, y, 5).backward()
        descent.step()
    assert (x.detach().mean(dim=0) - y.mean(dim=0)).norm() < 0.4
    assert x.detach().std(dim=0).mean() > 0.5


def test_it_is_added_to_the_loss_and_without_weight_it_is_not_there(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"mmd": MMD(target=MORE, block=4).model_dump()}, **STILL)
    training = ground.fit(tmp_path, made)
    trainer, run = training.prepare(), training.context
    batch = next(run.source.batches(training.view.rows, 8))  # type: ignore[union-attr]
    with head_inputs(head_of(run.model, 2)) as seen:
        plain = training.criterion.loss(run.model, batch)[0]
        beside = Partners(run, "mmd.target").batch(batch["row"])
        run.model(**model_inputs(beside))
    halves = [discrepancy(seen[0][part], seen[1][part], 5) for part in (slice(0, 4), slice(4, 8))]
    value = trainer._loss(run.model, batch)[0]
    torch.testing.assert_close(value - plain, MMD().weight * sum(halves) / 2, rtol=1e-3, atol=1e-6)
    assert MMD(target=MORE, weight=0.0).around_loss(training.criterion.loss, run) == training.criterion.loss


def test_blocks_larger_than_a_forward_pass_are_refused() -> None:
    facts = Facts("text_classification", Labels(problem="regression"), small.filled(batch_size=8), {}, frozenset(), 9)
    MMD(target=MORE, block=8).refuse(facts)
    with pytest.raises(PlanError) as caught:
        MMD(target=MORE).refuse(facts)
    assert caught.value.key == "mmd.block"
