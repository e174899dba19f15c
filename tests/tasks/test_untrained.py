"""A base model is asked before training, in batches of rows of like length, and answers in the order of the rows."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests import instructions, small
from tunebook.core.answers import Rows
from tunebook.core.chat import question
from tunebook.core.hooks import BaselineInput
from tunebook.core.nouns import Labels
from tunebook.core.written import texts_of
from tunebook.models.source import model_id
from tunebook.tasks import untrained as module
from tunebook.tasks.instruction import Instruction
from tunebook.tasks.untrained import untrained

TASK, LABELS = Instruction(), Labels(problem="written")


def asked(folder: Path, lengths: list[int]) -> BaselineInput:
    chats = [question("the quick answer? " * length).answered("yes") for length in lengths]
    names = [str(number) for number in range(len(chats))]
    rows = Rows(["x"] * len(chats), None, texts_of(["yes"] * len(chats)), names, chats=chats)
    begins = {"model": str(folder), "model_id": model_id(folder), "before": None, "continues": None}
    plan: Any = SimpleNamespace(labels=LABELS, params=small.filled(max_length=64), **begins)
    return BaselineInput(plan, None, "test", {"test": rows}, lambda texts: None)  # type: ignore[arg-type, return-value]


def test_rows_are_answered_in_their_order_however_they_are_batched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = instructions.base_model(tmp_path)
    given = asked(folder, [1, 7, 3, 5, 2])
    model, tokenizer, whole = untrained(TASK, given)
    assert not model.training and tokenizer.chat_template and len(whole) == 5
    assert len({round(float(row[0]), 4) for row in whole}) > 1
    monkeypatch.setattr(module, "_BATCH", 2)
    np.testing.assert_allclose(untrained(TASK, given)[2], whole, atol=1e-5)
    alone = [untrained(TASK, asked(folder, [length]))[2][0] for length in (1, 7)]
    np.testing.assert_allclose(whole[:2], alone, atol=1e-5)
