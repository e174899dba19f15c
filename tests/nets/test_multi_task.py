"""The papers' formulas by hand, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tunebook.core.encoded import pack
from tunebook.nets.multi_task import (
    PLACE,
    TASK,
    append_tasks,
    average_weights,
    mixed_counts,
    norm_weights,
    note_gradients,
    note_sums,
    project_conflicts,
    put_gradients,
    taken,
)


@pytest.mark.parametrize(
    ("how", "limit", "expected"),
    [
        ("size", None, [400, 25]),
        ("equal", None, [100, 100]),
        ("temperature", None, [200, 50]),
        ("size", 100, [100, 25]),
        ("temperature", 50, [100, 71]),
    ],
)
def test_rows_of_an_epoch_follow_the_mixing(how: Any, limit: int | None, expected: list[int]) -> None:
    assert mixed_counts(100, [400, 25], how, 2.0, limit) == expected


def test_dynamic_weight_average() -> None:
    before, last = np.array([2.0, 1.0, 4.0]), np.array([1.0, 0.9, 4.0])
    pull = np.exp(last / before / 2)
    found = average_weights(torch.tensor(before), torch.tensor(last))
    np.testing.assert_allclose(found.numpy(), 3 * pull / pull.sum(), rtol=1e-12)


def test_gradnorm() -> None:
    """Formula 2's gradient, by finite differences with the target held fixed, and the renormalisation."""
    weights, norms, progress = np.array([0.8, 1.2]), np.array([3.0, 0.5]), np.array([0.9, 0.4])
    target = (weights * norms).mean() * (progress / progress.mean()) ** 1.5

    def loss(w: Any) -> float:
        return float(np.abs(w * norms - target).sum())

    slope = np.array([(loss(weights + e) - loss(weights - e)) / 2e-6 for e in np.eye(2) * 1e-6])
    moved = weights - 0.025 * slope
    found = norm_weights(*(torch.tensor(item) for item in (weights, norms, progress)), alpha=1.5, rate=0.025)
    np.testing.assert_allclose(found.numpy(), 2 * moved / moved.sum(), rtol=1e-6)
    assert float(found.sum()) == pytest.approx(2)


def test_pcgrad_by_hand() -> None:
    a, b, c = np.array([1.0, 0.0]), np.array([-1.0, 1.0]), np.array([0.5, 0.2])
    bent_a = a - (a @ b) / (b @ b) * b
    bent_b = b - (b @ a) / (a @ a) * a
    assert bent_b @ c > 0 and c @ a > 0
    bent_c = c - (c @ b) / (b @ b) * b
    total, conflicts = project_conflicts(torch.tensor(np.stack([a, b, c])), [[1, 2], [0, 2], [0, 1]])
    np.testing.assert_allclose(total.numpy(), bent_a + bent_b + bent_c, rtol=1e-6)
    assert conflicts == 3
    total, conflicts = project_conflicts(torch.tensor(np.stack([a, c])), [[1], [0]])
    np.testing.assert_allclose(total.numpy(), a + c)
    assert conflicts == 0


def test_gradients_are_put_one_after_the_other() -> None:
    shared = [torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(1, 1))]
    shared[0].grad = torch.tensor([3.0, 4.0])
    put_gradients(shared, torch.tensor([1.0, 2.0, 3.0]))
    assert shared[0].grad.tolist() == [1, 2]
    assert shared[1].grad is not None and shared[1].grad.tolist() == [[3]]


def test_sums_and_gradients_add_up_over_passes() -> None:
    weight = torch.nn.Parameter(torch.tensor([2.0]))
    unused = torch.nn.Parameter(torch.tensor([2.0, 3.0]))
    state: dict[str, Any] = {}
    for factor in (1.0, 3.0):
        losses = {0: factor * weight.sum(), 1: (weight**2).sum()}
        note_sums(state, {task: (value, torch.tensor(4.0)) for task, value in losses.items()}, 3)
        note_gradients(state, losses, [weight, unused])
    assert state["sums"].tolist() == [8, 8, 0] and state["counts"].tolist() == [8, 8, 0]
    assert {task: value.tolist() for task, value in state["gradients"].items()} == {0: [4, 0, 0], 1: [8, 0, 0]}


def test_no_row_comes_twice_before_all_were_seen() -> None:
    draw = np.random.default_rng(0)
    assert len(set(taken(draw, 10, 7).tolist())) == 7
    counts = np.bincount(taken(draw, 10, 25))
    assert len(counts) == 10 and set(counts.tolist()) == {2, 3}


def test_rows_are_put_one_task_after_the_other() -> None:
    main = pack({"input_ids": [[1, 2], [3]]}).with_fixed(
        labels=np.array([[0, 1], [1, 0]], dtype=np.float32), row=np.arange(2), sample_weight=np.array([0.5, 2.0])
    )
    other = pack({"input_ids": [[4], [5, 6], [7]], "token_type_ids": [[0], [0, 0], [0]]}).with_fixed(
        labels=np.arange(3)
    )
    rows = append_tasks(main, [other])
    assert rows.flat["input_ids"].tolist() == [1, 2, 3, 4, 5, 6, 7] and set(rows.flat) == {"input_ids"}
    assert rows.fixed["row"].tolist() == [0, 1, -1, -1, -1]
    assert rows.fixed["sample_weight"].tolist() == [0.5, 2, 1, 1, 1]
    assert rows.fixed["labels"].shape == (5, 2) and np.isnan(rows.fixed["labels"][2:]).all()
    classes = append_tasks(main.with_fixed(labels=np.array([1, 0])), [other])
    assert classes.fixed["labels"].tolist() == [1, 0, -1, -1, -1]
    assert rows.fixed[TASK].tolist() == [0, 0, 1, 1, 1]
    assert rows.fixed[PLACE].tolist() == [0, 1, 0, 1, 2]
