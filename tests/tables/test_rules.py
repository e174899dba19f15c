"""Rows that must fit each other: the effective batch is kept exactly, and every change mends what it speaks of."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import small

from tunebook.core.settings import Settings
from tunebook.tables import rules
from tunebook.tables.rules import (
    applied,
    effective_batch,
    keep_effective,
    lighter,
    misfits,
    planned_steps,
    scaled_rate,
)


def values(**given: Any) -> Settings:
    return Settings(**given)


@pytest.mark.parametrize(
    ("batch", "passes", "wanted", "expected"),
    [
        (32, 1, 16, (16, 2)),
        (32, 2, 8, (8, 8)),
        (15, 1, 7, (5, 3)),
        (7, 1, 3, (1, 7)),
        (16, 4, 32, (32, 2)),
        (16, 1, 100, (16, 1)),
        (1, 1, 1, (1, 1)),
    ],
)
def test_the_effective_batch_is_kept(batch: int, passes: int, wanted: int, expected: tuple[int, int]) -> None:
    before = values(batch_size=batch, gradient_accumulation_steps=passes)
    changes = keep_effective(before, wanted)
    after = applied(before, changes)
    assert (after.batch_size, after.gradient_accumulation_steps) == expected
    assert all(change.value != getattr(before, change.row) and change.reason for change in changes)


@given(st.integers(1, 300), st.integers(1, 40), st.integers(1, 400))
def test_the_effective_batch_is_kept_whatever_it_is(batch: int, passes: int, wanted: int) -> None:
    before = values(batch_size=batch, gradient_accumulation_steps=passes)
    after = applied(before, keep_effective(before, wanted))
    assert effective_batch(after) == batch * passes
    assert after.batch_size <= wanted


@given(st.integers(1, 70), st.integers(1, 5), st.booleans(), st.integers(4, 520))
def test_lighter_and_lighter_until_nothing_is_left(batch: int, passes: int, twice: bool, length: int) -> None:
    now = small.filled(
        batch_size=batch, gradient_accumulation_steps=passes, gradient_checkpointing=twice, max_length=length
    )
    whole, seen = effective_batch(now), []
    while changes := lighter(now):
        seen.append({change.row for change in changes})
        after = applied(now, changes)
        assert effective_batch(after) == whole
        assert Settings(**after.model_dump())
        if "max_length" in seen[-1]:  # the last means: only once all others are used up
            assert (now.batch_size, now.gradient_checkpointing) == (1, True)
            assert after.max_length <= now.max_length / 2 or after.max_length == 8
        now = after
        assert len(seen) < 30
    assert (now.batch_size, now.gradient_checkpointing) == (1, True)
    assert now.max_length <= 8 or now.max_length == length < 8


def test_a_step_that_can_be_read_in_parts_stays_whole() -> None:
    """As that of a loss which compares the rows of a step, where passes that are added up are refused."""
    now = small.filled(batch_size=16, max_length=32, **{"embedding.mini_batch": None, "embedding.loss": "in_batch"})
    seen = []
    while changes := lighter(now):
        (change,) = changes
        seen.append((change.row, change.value))
        now = applied(now, changes)
    assert seen[:4] == [("embedding.mini_batch", texts) for texts in (8, 4, 2, 1)]
    assert [row for row, _ in seen[4:6]] == ["gradient_checkpointing", "max_length"] and now.batch_size == 16


@pytest.mark.parametrize(
    ("how", "before", "after", "expected"),
    [
        ("linear", 32, 64, 2e-4),
        ("linear", 32, 8, 2.5e-5),
        ("sqrt", 32, 64, 1.41e-4),
        ("sqrt", 16, 64, 2e-4),
        ("linear", 1, 100_000, 1.0),
    ],
)
def test_the_rate_follows_the_batch(how: Any, before: int, after: int, expected: float) -> None:
    change = scaled_rate(1e-4, before, after, how)
    assert change is not None
    assert change.row == "learning_rate"
    assert change.value == pytest.approx(expected)
    assert str(after) in change.reason


def test_the_rate_is_left_alone() -> None:
    assert scaled_rate(1e-4, 32, 64, "none") is None
    assert scaled_rate(1e-4, 32, 32, "sqrt") is None


def test_planned_steps() -> None:
    assert planned_steps(values(batch_size=32, max_epochs=3), 100) == 12
    assert planned_steps(values(batch_size=16, gradient_accumulation_steps=2, max_epochs=3), 100) == 12
    assert planned_steps(values(max_steps=7), 100) == 7


@pytest.mark.parametrize(
    ("given_", "row", "value"),
    [
        ({"warmup_steps": 20, "early_stopping_patience": None}, "warmup_steps", 1),
        ({"warmup_steps": 7, "early_stopping_patience": None}, "warmup_steps", 1),
        ({"warmup_ratio": 0.6, "early_stopping_patience": None}, "warmup_ratio", 0.1),
        ({"eval_every": 50, "early_stopping_patience": None}, "eval_every", 2),
        ({"eval_every": 7, "early_stopping_patience": None}, "eval_every", 2),
        ({"early_stopping_patience": 3}, "early_stopping_patience", 2),
        ({"early_stopping_patience": 9, "eval_every": 2}, "early_stopping_patience", 5),
    ],
)
def test_misfits(given_: dict[str, Any], row: str, value: Any) -> None:
    """100 rows, batches of 32, 3 epochs: 12 steps, a look after each epoch."""
    before = values(**given_)
    changes = misfits(before, 100)
    assert [(change.row, change.value) for change in changes] == [(row, value)]
    assert changes[0].reason
    assert misfits(applied(before, changes), 100) == ()


@pytest.mark.parametrize(
    "given_",
    [
        {"early_stopping_patience": 2},
        {"early_stopping_patience": None, "warmup_steps": 6},
        {"early_stopping_patience": None, "warmup_ratio": 0.5},
        {"early_stopping_patience": None, "eval_every": 6},
        {"max_epochs": 1},  # one look: no patience could ever act, and none is worth a word
    ],
)
def test_what_fits_is_left_alone(given_: dict[str, Any]) -> None:
    assert misfits(values(**given_), 100) == ()


def test_one_misfit_is_seen_with_the_other_mended() -> None:
    """A look every 50 of 12 steps becomes one every 2: six looks, so that a patience of 5 can act after all."""
    before = values(eval_every=50, early_stopping_patience=5)
    assert [change.row for change in misfits(before, 100)] == ["eval_every"]
    changes = misfits(before.model_copy(update={"early_stopping_patience": 6}), 100)
    assert [(change.row, change.value) for change in changes] == [("eval_every", 2), ("early_stopping_patience", 5)]


@given(
    st.integers(1, 400),
    st.one_of(st.none(), st.integers(0, 400)),
    st.floats(0, 0.99),
    st.one_of(st.none(), st.integers(1, 400)),
    st.one_of(st.none(), st.integers(1, 30)),
)
def test_mended_once_all_fits(
    rows: int, steps: int | None, ratio: float, every: int | None, patience: int | None
) -> None:
    before = values(warmup_steps=steps, warmup_ratio=ratio, eval_every=every, early_stopping_patience=patience)
    after = applied(before, misfits(before, rows))
    assert misfits(after, rows) == ()
    warm = after.warmup_steps
    assert (math.floor(planned_steps(after, rows) * after.warmup_ratio) if warm is None else warm) <= max(
        planned_steps(after, rows) / 2, 0
    )


def test_looks() -> None:
    assert rules.looks(values(), 100) == 3
    assert rules.looks(values(eval_every=5), 100) == 2
    assert rules.looks(values(max_steps=6), 100) == 1
