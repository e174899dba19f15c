"""TF-IDF by hand."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tunebook.core.answers import Rows
from tunebook.core.errors import MachineError
from tunebook.core.hooks import BaselineInput
from tunebook.tasks.embedding import Embedding
from tunebook.tasks.embedding.baselines import baselines


class Data:
    stats = {"language": "en"}  # noqa: RUF012


def given(rows: Rows) -> BaselineInput:
    return BaselineInput(None, Data(), "test", {"train": rows, "test": rows}, lambda texts: np.zeros((len(texts), 1)))


def test_equal_texts_are_alike_and_texts_without_a_common_word_are_not() -> None:
    rows = Rows(["red car", "red car", "a big dog"], ["red car", "blue sea", "the dog"], None, ["1", "2", "3"])
    found = baselines(Embedding(), given(rows))["tfidf"]()
    assert found.shape == (3, 1) and found[:2, 0].tolist() == pytest.approx([1, 0])
    assert 0 < found[2, 0] < 1


def test_without_scikit_learn_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MachineError):
        baselines(Embedding(), given(Rows([], None, None, [])))
