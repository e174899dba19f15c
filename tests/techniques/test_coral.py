"""The difference of the covariances is numpy's."""

from __future__ import annotations

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
from tunebook.techniques.coral import CORAL, difference

ACTS = {"target": MORE, "block": 4}
STILL = {"dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0}
NEUTRAL = {"target": MORE, "weight": 0.0, "block": 4}


@pytest.mark.parametrize(("rows", "width"), [(2, 5), (9, 4)])
def test_it_is_the_norm_of_numpys_covariances(rows: int, width: int) -> None:
    draw = np.random.default_rng(rows)
    x, y = draw.normal(size=(rows, width)), draw.normal(3, 2, size=(rows, width))
    wanted = np.linalg.norm(np.cov(x, rowvar=False) - np.cov(y, rowvar=False), "fro") ** 2 / (4 * width**2)
    assert float(difference(torch.from_numpy(x), torch.from_numpy(y))) == pytest.approx(wanted, rel=1e-9)


def test_a_shift_is_not_seen_and_a_spread_is() -> None:
    x = torch.randn(50, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert difference(x, x + 5) == pytest.approx(0, abs=1e-12)
    assert difference(x, 2 * x) > 0.1


def test_it_is_added_to_the_loss_and_without_weight_it_is_not_there(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"coral": CORAL(target=MORE, block=4).model_dump()}, **STILL)
    training = ground.fit(tmp_path, made)
    trainer, run = training.prepare(), training.context
    batch = next(run.source.batches(training.view.rows, 8))  # type: ignore[union-attr]
    with head_inputs(head_of(run.model, 2)) as seen:
        plain = training.criterion.loss(run.model, batch)[0]
        beside = Partners(run, "coral.target").batch(batch["row"])
        run.model(**model_inputs(beside))
    halves = [difference(seen[0][part], seen[1][part]) for part in (slice(0, 4), slice(4, 8))]
    value = trainer._loss(run.model, batch)[0]
    torch.testing.assert_close(value - plain, CORAL().weight * sum(halves) / 2, rtol=1e-3, atol=1e-6)
    assert CORAL(target=MORE, weight=0.0).around_loss(training.criterion.loss, run) == training.criterion.loss


def test_blocks_larger_than_a_forward_pass_are_refused() -> None:
    facts = Facts("text_classification", Labels(problem="regression"), small.filled(batch_size=8), {}, frozenset(), 9)
    CORAL(target=MORE, block=8).refuse(facts)
    with pytest.raises(PlanError) as caught:
        CORAL(target=MORE).refuse(facts)
    assert caught.value.key == "coral.block"
