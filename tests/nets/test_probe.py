"""What a fitted head is fitted to: what it reads of the training rows, each with its weight, in their own order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from tests.ground import Ground, make_ground
from tunebook.core.batch import model_inputs
from tunebook.nets.heads import head_inputs, head_of
from tunebook.nets.probe import fit_head, read_rows


def ground(folder: Path) -> Ground:
    return make_ground(folder)


def test_rows_are_read_without_dropout_and_weighed_as_their_loss_is(tmp_path: Path) -> None:
    place = ground(tmp_path)
    training = place.fit(tmp_path / "run", place.plan({"head_start": {}}, class_weights="balanced", dropout=0.5))
    run = training.prepare().weave.run
    run.model.train()
    seen = read_rows(run)
    assert run.model.training
    rows = training.material.train
    order = np.argsort(-rows.lengths, kind="stable")
    batch = training.task.collate(rows, order.tolist(), 0)
    run.model.eval()
    with torch.no_grad(), head_inputs(head_of(run.model, 2)) as found:
        run.model(**model_inputs(batch))
    np.testing.assert_allclose(seen.vectors, found[0].numpy(), rtol=1e-4, atol=1e-6)
    assert np.array_equal(seen.targets, rows.fixed["labels"][order])
    np.testing.assert_allclose(seen.weights, training.criterion.counts(batch).numpy())
    assert len(set(seen.weights)) == 2


def test_a_strength_is_chosen_once(tmp_path: Path) -> None:
    place = ground(tmp_path)
    run = place.fit(tmp_path / "run", place.plan({"head_start": {}})).prepare().weave.run
    fit_head(run, "head_start", None)
    chosen = run.state["head_start"]["strength"]
    run.state["head_start"]["strength"] = chosen * 2
    fit_head(run, "head_start", None)
    assert run.counters["head_start"]["strength"] == 2 * chosen
    fit_head(run, "head_start", 7.0)
    assert run.counters["head_start"]["strength"] == 7.0
