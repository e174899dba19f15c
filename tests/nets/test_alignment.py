"""Target rows beside a batch: bound to its rows, weighed as they are, compared in blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests import small
from tests.ground import MORE, Ground
from tests.techniques.conftest import ground  # noqa: F401 - the fixture
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts, model_inputs
from tunebook.nets.alignment import Partners, aligned, by_block, refuse_adaptation
from tunebook.nets.heads import head_inputs, head_of

STILL = {"dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0}
ROWS = {"mmd": {"target": MORE, "block": 4, "weight": 0.0, "kernels": 5}}


@pytest.fixture
def training(ground: Ground, tmp_path: Path) -> Any:  # noqa: F811
    made = ground.fit(tmp_path, ground.plan(ROWS, **STILL))
    made.prepare()
    return made


def test_a_row_meets_the_same_target_row_within_an_epoch_and_another_in_the_next(training: Any) -> None:
    partners = Partners(training.context, "mmd.target")
    whole = partners.batch(torch.arange(30))["input_ids"]
    parts = [partners.batch(torch.arange(start, start + 10))["input_ids"] for start in (0, 10, 20)]
    for row in range(30):
        again = parts[row // 10][row % 10]
        assert whole[row][whole[row] > 0].tolist() == again[again > 0].tolist()
    assert whole[0].tolist() == whole[24].tolist(), "24 target rows, in turn"
    training.context.epoch = 1.5
    assert not torch.equal(partners.batch(torch.arange(24))["input_ids"], whole[:24])


def test_the_penalty_is_weighed_like_the_rows_and_rows_from_elsewhere_are_left_out(training: Any) -> None:
    run = training.context
    batch = next(run.source.batches(training.view.rows, 6))
    batch["row"][1] = -1
    batch["sample_weight"] = torch.tensor([1.0, 5.0, 0.0, 2.0, 1.0, 1.0])
    given: list[Tensor] = []

    def penalty(source: Tensor, target: Tensor) -> Tensor:
        given.extend([source, target])
        return torch.arange(1.0, 6.0)

    loss = aligned(training.criterion.loss, run, "mmd", penalty)
    value, _ = loss(run.model, batch)
    plain, _ = training.criterion.loss(run.model, batch)
    assert float((value - plain).detach()) == pytest.approx((1 + 0 + 3 * 2 + 4 + 5) / 10, abs=1e-5)
    own = torch.tensor([0, 2, 3, 4, 5])
    with head_inputs(head_of(run.model, 2)) as seen:
        run.model(**model_inputs(batch))
    torch.testing.assert_close(given[0], seen[0][own])
    assert given[1].shape == given[0].shape and run.counters["mmd"] == {"rows": 5.0, "distance": 3.0}
    batch["row"][:] = -1
    assert loss(run.model, batch)[0] == plain


def test_a_row_counts_as_much_as_the_items_that_it_holds(training: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = training.context
    batch = next(run.source.batches(training.view.rows, 4))
    monkeypatch.setattr(type(training.criterion), "counts", lambda self, batch: torch.tensor([1.0, 2.0, 3.0, 4.0]))
    loss = aligned(training.criterion.loss, run, "mmd", lambda source, target: torch.arange(4.0))
    plain = training.criterion.loss(run.model, batch)[0]
    assert float((loss(run.model, batch)[0] - plain).detach()) == pytest.approx((2 + 2 * 3 + 3 * 4) / 10)


def test_blocks_are_the_same_for_any_split_into_whole_ones() -> None:
    draw = np.random.default_rng(0)
    x, y = (torch.from_numpy(draw.normal(size=(9, 3))) for _ in range(2))

    def statistic(one: Tensor, other: Tensor) -> Tensor:
        return (one.mean() - other.mean()).square()

    whole = by_block(statistic, x, y, 4)
    parts = [by_block(statistic, x[s], y[s], 4) for s in (slice(0, 4), slice(4, 9))]
    torch.testing.assert_close(whole, torch.cat(parts))
    assert whole[8] == 0 and whole[0] == whole[3] == statistic(x[:4], y[:4])


def test_what_cannot_be_adapted_is_refused() -> None:
    labels = Labels(problem="single_label", names=["a", "b"])
    facts = Facts("text_classification", labels, small.filled(batch_size=8), {}, frozenset(), 10)
    refuse_adaptation(facts, "mmd", "x.csv", 8)
    for given, code in (((None, 4), "adaptation.target"), (("x.csv", 9), "adaptation.block")):
        with pytest.raises(PlanError) as caught:
            refuse_adaptation(facts, "mmd", *given)
        assert caught.value.code == code and caught.value.advice
