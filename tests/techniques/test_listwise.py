"""Listwise softmax in place of the loss of pairs: a mean over queries, whatever their number of passages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests import small
from tests.tasks.reranking import made
from tunebook.core.errors import PlanError
from tunebook.core.judged import Judged
from tunebook.core.technique import Facts, RunContext, Technique
from tunebook.tasks.reranking import Reranking
from tunebook.tasks.reranking.loss import Relevance
from tunebook.techniques.listwise import Listwise

TASK = Reranking()


def minimised(technique: Any, rows: Any, **fixed: Any) -> tuple[float, torch.Tensor, RunContext]:
    """Loss of a batch of short pairs, the logits of its pairs, and the run."""
    encoded = TASK.encode(rows, small.tokenizer(), 40).with_fixed(**fixed)
    batch = TASK.collate(encoded, range(len(rows)), 0)
    logits = torch.randn(len(batch["input_ids"]), 1, generator=torch.Generator().manual_seed(0), requires_grad=True)
    run = RunContext(labels=made.LABELS)
    run.criterion = Relevance(2.0, 0.0)
    loss = technique.around_loss(run.criterion.loss, run)(lambda **_: SimpleNamespace(logits=logits), batch)[0]
    loss.backward()
    assert torch.isfinite(logits.grad).all() and logits.grad.any()
    return loss.item(), logits.detach()[:, 0], run


def uneven() -> Any:
    """Queries with 4, 1 and 3 passages: one and two relevant, none."""
    return made.rows(
        ["the room", "food", "hotel stay", "service", "great"],
        ["room", "very good", "the"],
        [[(0, 2.0), (1, 0.0), (2, 1.0), (4, 0.0)], [(1, 1.0)], [(2, 0.0), (3, 0.0), (0, 0.0)]],
    )


def lists(rows: Any, logits: torch.Tensor) -> list[tuple[np.ndarray, np.ndarray]]:
    judged = Judged.of(rows.targets)
    return [(logits.double().numpy()[judged.row == row], judged.value[judged.row == row]) for row in range(len(rows))]


@pytest.mark.parametrize("target", ["share", "exponential"])
@pytest.mark.parametrize("weights", [[1.0, 1.0, 1.0], [3.0, 0.5, 1.0]])
def test_it_is_a_mean_over_queries(target: Any, weights: list[float]) -> None:
    rows = uneven()
    loss, logits, run = minimised(Listwise(target=target), rows, sample_weight=np.array(weights, dtype=np.float32))
    each = []
    for z, gain in lists(rows, logits):
        log_p = z - np.log(np.exp(z).sum())
        wanted = gain / max(gain.sum(), 1) if target == "share" else np.exp(gain / 2) / np.exp(gain / 2).sum()
        each.append(-(wanted * log_p).sum() if len(set(gain)) > 1 or (target == "share" and gain.any()) else 0.0)
    assert loss == pytest.approx(np.average(each, weights=weights), rel=1e-5)
    assert run.counters == {"listwise": {"lists": 3.0}}


def check_refused(technique: Technique) -> None:
    settings = small.filled(label_smoothing=0.1)
    with pytest.raises(PlanError) as caught:
        technique.refuse(Facts("reranking", made.LABELS, settings, {}, frozenset(), 98))  # type: ignore[attr-defined]
    assert caught.value.code == "losses.smoothing" and caught.value.key == technique.key


def test_label_smoothing_is_refused() -> None:
    check_refused(Listwise())
