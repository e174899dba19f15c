"""Logits in the rows' own order, whatever the batches and processes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests import tiny
from tunebook.core.encoded import Encoded, pack
from tunebook.core.nouns import Labels
from tunebook.core.training import Training
from tunebook.engine.infer import Inference
from tunebook.tasks.text_classification import TextClassification

TASK = TextClassification()
LABELS = Labels(problem="single_label", names=["a", "b", "c"])


@pytest.fixture(scope="module")
def encoded() -> Encoded:
    rows = tiny.rows(23)
    return pack({"input_ids": [row["input_ids"] for row in rows]}).with_fixed(
        labels=np.array([r["labels"] for r in rows])
    )


def test_the_order_is_that_of_the_rows(encoded: Encoded) -> None:
    model = tiny.classifier("bert", dropout=0.3)
    found = Inference(TASK, 0, batch_size=5).run(model, encoded)
    assert model.training, "the model is left as it was"
    assert found.loss is None
    model.eval()
    for number, row in enumerate(tiny.rows(23)):
        alone = model(torch.tensor([row["input_ids"]])).logits
        np.testing.assert_allclose(found.logits[number], alone[0].detach().numpy(), atol=1e-5)


def test_the_loss_is_the_mean_over_all_rows(encoded: Encoded) -> None:
    model = tiny.classifier("bert").eval()
    criterion = TASK.criterion(LABELS, Training(class_weights="balanced", label_smoothing=0.1), encoded)
    found = Inference(TASK, 0, batch_size=4).run(model, encoded, criterion)
    with torch.no_grad():
        whole, _ = criterion.loss(model, TASK.collate(encoded, range(23), 0))
    assert found.loss == pytest.approx(float(whole), rel=1e-5)
    bare = Encoded(encoded.flat, encoded.offsets, {})
    assert Inference(TASK, 0).run(model, bare, criterion).loss is None


def test_processes_bring_their_shares_together(encoded: Encoded, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.classifier("bert").eval()
    alone = Inference(TASK, 0, batch_size=4).run(model, encoded).logits
    kept: list[Any] = []
    monkeypatch.setattr(Inference, "_all", lambda self, parts: kept.append(parts) or parts)
    for rank in (0, 1):
        Inference(TASK, 0, batch_size=4, rank=rank, processes=2).run(model, encoded)
    monkeypatch.undo()

    def gather(out: list[Any], own: Any) -> None:
        out[:] = kept

    monkeypatch.setattr(torch.distributed, "all_gather_object", gather)
    found = Inference(TASK, 0, batch_size=4, rank=0, processes=2).run(model, encoded).logits
    np.testing.assert_array_equal(found, alone)
    assert sorted(row for share in kept for part in share for row in part[0]) == list(range(23))


@pytest.mark.parametrize(("precision", "dtype"), [("bf16", torch.bfloat16), ("fp16", torch.float16)])
def test_arithmetic(precision: str, dtype: torch.dtype) -> None:
    with Inference(TASK, 0, precision=precision).arithmetic("cpu"):
        assert torch.mm(torch.ones(2, 2), torch.ones(2, 2)).dtype == dtype
    with Inference(TASK, 0).arithmetic("cpu"):
        assert torch.mm(torch.ones(2, 2), torch.ones(2, 2)).dtype == torch.float32


def test_no_rows() -> None:
    empty = Encoded({"input_ids": np.zeros(0, dtype=np.int32)}, np.zeros(1, dtype=np.int64), {})
    found = Inference(TASK, 0).run(tiny.classifier("bert"), empty)
    assert found.logits.shape[0] == 0
    assert found.loss is None
