"""The divergence of two Gaussians, against torch's own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from tests import small
from tests.ground import MORE, Ground
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts, model_inputs
from tunebook.nets.alignment import Partners
from tunebook.nets.heads import head_inputs, head_of
from tunebook.techniques.kl_alignment import KLAlignment, gaussian_divergence

# The features of the tiny net are a thousandth wide, and the divergence does not care how wide they are.
ACTS = {"target": MORE, "block": 4, "weight": 1e-4}
STILL = {"dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0}
NEUTRAL = {"target": MORE, "weight": 0.0, "block": 4}


def test_it_is_the_divergence_in_both_directions() -> None:
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(12, 4, generator=draw, dtype=torch.float64)
    y = 3 * torch.randn(12, 4, generator=draw, dtype=torch.float64) + 1
    least = 0.1 * (x.var(dim=0).mean() + y.var(dim=0).mean()) / 2
    p, q = (Normal(z.mean(dim=0), (z.var(dim=0) + least).sqrt()) for z in (x, y))
    wanted = (kl_divergence(p, q) + kl_divergence(q, p)).mean()
    assert float(gaussian_divergence(x, y)) == pytest.approx(float(wanted), rel=1e-9)
    assert gaussian_divergence(x, x) == 0
    torch.testing.assert_close(gaussian_divergence(x / 50, y / 50), gaussian_divergence(x, y))


def test_a_dimension_that_is_the_same_in_all_rows_is_no_division_by_zero() -> None:
    x = torch.zeros(4, 2, requires_grad=True)
    gaussian_divergence(x, torch.zeros(4, 2)).backward()
    assert torch.isfinite(x.grad).all()  # type: ignore[arg-type]


def test_descending_on_it_brings_two_samples_together() -> None:
    draw = torch.Generator().manual_seed(0)
    x, y = torch.randn(32, 4, generator=draw).requires_grad_(), 2 * torch.randn(32, 4, generator=draw) + 1
    descent = torch.optim.Adam([x], lr=0.1)
    for _ in range(400):
        descent.zero_grad()
        gaussian_divergence(x, y).backward()
        descent.step()
    torch.testing.assert_close(x.detach().mean(dim=0), y.mean(dim=0), atol=0.2, rtol=0)
    torch.testing.assert_close(x.detach().std(dim=0), y.std(dim=0), atol=0.3, rtol=0)


def test_it_is_added_to_the_loss_and_without_weight_it_is_not_there(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"kl_alignment": KLAlignment(target=MORE, block=4).model_dump()}, **STILL)
    training = ground.fit(tmp_path, made)
    trainer, run = training.prepare(), training.context
    batch = next(run.source.batches(training.view.rows, 8))  # type: ignore[union-attr]
    with head_inputs(head_of(run.model, 2)) as seen:
        plain = training.criterion.loss(run.model, batch)[0]
        beside = Partners(run, "kl_alignment.target").batch(batch["row"])
        run.model(**model_inputs(beside))
    halves = [gaussian_divergence(seen[0][part], seen[1][part]) for part in (slice(0, 4), slice(4, 8))]
    value = trainer._loss(run.model, batch)[0]
    torch.testing.assert_close(value - plain, KLAlignment().weight * sum(halves) / 2, rtol=1e-3, atol=1e-6)
    assert KLAlignment(target=MORE, weight=0.0).around_loss(training.criterion.loss, run) == training.criterion.loss


def test_blocks_larger_than_a_forward_pass_are_refused() -> None:
    facts = Facts("text_classification", Labels(problem="regression"), small.filled(batch_size=8), {}, frozenset(), 9)
    KLAlignment(target=MORE, block=8).refuse(facts)
    with pytest.raises(PlanError) as caught:
        KLAlignment(target=MORE).refuse(facts)
    assert caught.value.key == "kl_alignment.block"
