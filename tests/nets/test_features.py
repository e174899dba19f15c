"""What the head reads is found in every architecture, and taken without changing anything."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests import tiny
from tunebook.nets.heads import head_inputs, head_of, pooled

ENCODERS = (*tiny.ENCODERS, "xlm-roberta")


@pytest.mark.parametrize("kind", ENCODERS)
def test_the_head_times_its_input_is_what_the_model_answers(kind: str) -> None:
    net = tiny.classifier(kind)
    net.add_module("extra_other", torch.nn.Linear(16, 3))
    batch = tiny.collate(tiny.rows(6), 1 if "roberta" in kind else 0)
    head = head_of(net, 3)
    with head_inputs(head) as seen:
        logits = net(**batch).logits
    read = pooled(seen, batch["attention_mask"])
    assert read.shape == (6, 16)
    torch.testing.assert_close(head(read), logits)
    net(**batch)
    assert len(seen) == 1, "the hook is gone"


def test_a_head_that_reads_tokens_gives_the_mean_over_a_rows_own() -> None:
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    seen = [torch.arange(12.0).reshape(2, 3, 2)]
    assert pooled(seen, mask).tolist() == [[1.0, 2.0], [8.0, 9.0]]


def test_the_rows_as_they_are_come_first() -> None:
    still, moved = torch.zeros(2, 4), torch.ones(4, 4, dtype=torch.bfloat16, requires_grad=True)
    read = pooled([still, moved], torch.ones(2, 5))
    assert read.shape == (2, 4) and read.dtype == torch.float32 and read.sum() == 8


@pytest.mark.parametrize("kind", ["bert"])
def test_the_head_of_peft_is_the_one_that_is_trained(kind: str) -> None:
    peft: Any = pytest.importorskip("peft")
    made = peft.get_peft_model(
        tiny.classifier(kind),
        peft.LoraConfig(target_modules=["query"], modules_to_save=["classifier"], task_type="SEQ_CLS"),
    )
    assert head_of(made, 3).weight.requires_grad
