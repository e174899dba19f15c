"""Causal language modelling as a task: the texts are their own labels."""

from __future__ import annotations

import numpy as np

from tests import small
from tunebook.core.task import Draws, Rows
from tunebook.tasks.causal_lm import CausalLm

TEXTS = [text for text, _ in small.texts(30)]


def test_every_token_is_a_target_but_the_first() -> None:
    task = CausalLm()
    assert not isinstance(task, Draws)
    rows = task.encode(Rows(TEXTS, None, None, TEXTS), small.tokenizer(), 16)
    assert np.array_equal(rows.flat["labels"], rows.flat["input_ids"])
    batch = task.collate(rows, range(len(rows)), 0)
    items = task.criterion(None, {}, rows).items(batch)  # type: ignore[arg-type]
    assert int(items) == len(rows.flat["input_ids"]) - len(rows)
    assert (batch["labels"][batch["attention_mask"] == 0] == -100).all()
