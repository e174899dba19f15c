"""What a run reads of rows, and whether rows that it reads badly are worse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from tests.books import Trained
from tests.diagnosis.planted import looked

from tunebook.diagnosis.looked import look
from tunebook.diagnosis.reading import halves, reading


def test_what_is_cut_and_what_is_unknown(trained: Callable[[str], Trained]) -> None:
    seen = look(trained("binary").run)
    given = list(seen.rows.texts)
    given[0], given[1] = "the room " * 60, "the qwerty zxcvb was fine"
    found = reading(replace(seen, rows=replace(seen.rows, texts=given)))
    assert np.flatnonzero(found.cut).tolist() == [0]
    assert np.flatnonzero(found.unknown).tolist() == [1]
    assert found.unknown[1] == 2


def test_rows_that_are_worse_are_told_by_how_much() -> None:
    cut = np.arange(200) < 50
    wrong = np.where(cut, np.arange(200) % 2 == 0, np.arange(200) % 10 == 0)
    found = halves(looked(wrong.astype(int), np.zeros(200, dtype=int)), "cut", cut)
    assert (found.rows, found.share.value) == (50, 0.25)
    assert found.errors_with is not None
    assert found.errors_without is not None
    assert found.difference is not None
    assert (found.errors_with.value, found.errors_without.value) == (0.5, 0.1)
    assert found.difference.value == pytest.approx(0.4)
    assert found.p_value < 0.001
    assert found.ids[:2] == ["r0", "r2"]


def test_nothing_is_said_of_no_rows() -> None:
    found = halves(looked([0, 1], [0, 0]), "unknown", np.zeros(2, dtype=bool))
    assert (found.rows, found.errors_with, found.difference, found.p_value) == (0, None, None, 1.0)
