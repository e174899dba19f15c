"""Masked language modelling as a task: rows without targets until a draw, other masks in every epoch."""

from __future__ import annotations

import numpy as np

from tests import small
from tunebook.core.task import Draws, Reads, Rows
from tunebook.tasks.masked_lm import MaskedLm

TEXTS = [text for text, _ in small.texts(30)]


def test_targets_come_with_a_draw() -> None:
    task, tokenizer = MaskedLm(), small.tokenizer()
    assert isinstance(task, Draws) and isinstance(task, Reads)
    rows = task.encode(Rows(TEXTS, None, None, TEXTS), tokenizer, 16)
    assert "labels" not in task.collate(rows, [0, 1], 0)
    drawn = [
        task.drawn(rows, tokenizer, small.filled(mask_share=0.3, whole_words=False), (1, epoch)) for epoch in (0, 1)
    ]
    batches = [task.collate(item.with_fixed(row=np.arange(len(item))), [0, 1], 0) for item in drawn]
    assert batches[0]["labels"].shape == batches[0]["input_ids"].shape
    assert set(batches[0]) == {"input_ids", "attention_mask", "labels", "row"}
    assert not np.array_equal(drawn[0].flat["labels"], drawn[1].flat["labels"])
    assert np.array_equal(drawn[0].targets, drawn[0].flat["labels"])
