"""What counts as the same answers, and which backend a measurement speaks for."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from transformers import AutoTokenizer

from tests.backends.models import LENGTH, base_model, made
from tunebook.backends.measured import SAME, Measured, Trial, some_rows
from tunebook.core.registry import tasks
from tunebook.core.task import Rows
from tunebook.engine.infer import vectors


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base_model(tmp_path_factory.mktemp("base"))


def trial(base: Path, key: str, place: int = 0) -> Trial:
    found = made(base, key, place)
    said = found.inference.run(found.model, found.encoded).logits
    return Trial(found.inference, found.model, found.labels, found.encoded, said, 1.0)


@pytest.mark.parametrize("place", range(len(tasks()["text_classification"].cases())))
def test_scores_hold_to_the_bound_and_decisions_to_the_letter(base: Path, place: int) -> None:
    one = trial(base, "text_classification", place)
    assert one.compared(one.said.copy()) == (0.0, True)
    assert not one.compared(one.said + 1e-3)[1]
    turned = one.said.copy()
    turned[0] = -turned[0]
    assert not one.compared(turned)[1]


def test_a_label_that_flips_within_the_bound_is_another_answer(base: Path) -> None:
    one = trial(base, "text_classification")
    tied = replace(one, said=np.zeros_like(one.said))
    other = tied.said.copy()
    other[:, 1:] += SAME / 2
    difference, same = tied.compared(other)
    assert difference < SAME and not same


@pytest.mark.parametrize("key", ["question_answering", "reranking", "tagging"])
def test_places_and_ranks_hold_to_the_bound(base: Path, key: str) -> None:
    one = trial(base, key)
    assert one.compared(one.said.copy())[1] and not one.compared(one.said + 1.0)[1]


def test_vectors_hold_to_a_share_of_the_largest(base: Path) -> None:
    found = made(base, "embedding", 0)
    texts = Rows(list(found.rows.texts), None, None, [""] * len(found.rows))
    encoded = found.task.encode(texts, AutoTokenizer.from_pretrained(base), LENGTH)
    inference = replace(found.inference, read=vectors)
    one = Trial(inference, found.model, found.labels, encoded, inference.run(found.model, encoded).logits, 1.0)
    large = replace(one, said=one.said * 100)
    size = float(np.abs(large.said).max())
    assert size > 10
    assert large.compared(large.said + np.float32(size * SAME / 2))[1]
    assert not large.compared(large.said + np.float32(size * SAME * 2))[1]


def test_answers_of_another_shape_or_no_numbers_are_others(base: Path) -> None:
    one = trial(base, "text_classification")
    assert one.compared(one.said[:, :1]) == (np.inf, False)
    assert not one.compared(np.full_like(one.said, np.nan))[1]


def test_a_clear_gain_alone_decides() -> None:
    known = Measured(rows=4, eager=2.0, onnx=1.0, start=1.0, difference=0.0)
    assert (known.faster, known.quickest) == (2.0, "onnx")
    assert known.model_copy(update={"onnx": 1.95}).quickest == "eager"
    other = known.model_copy(update={"onnx": None})
    assert (other.faster, other.quickest) == (None, "eager")


def test_what_is_no_number_is_kept_as_nothing(base: Path) -> None:
    one = trial(base, "text_classification")

    graph: Any = SimpleNamespace(on=nullcontext)
    measured = replace(one, said=np.full_like(one.said, np.nan)).measured(graph, 1.0)
    assert (measured.onnx, measured.difference, measured.quickest) == (None, None, "eager")


def test_rows_are_measured_from_the_longest_to_the_shortest(base: Path) -> None:
    found = made(base, "text_classification", 0)
    many = found.encoded.take(np.resize(np.arange(len(found.encoded)), 4000))
    inference = replace(found.inference, batch_size=8)
    rows = some_rows(inference, many)
    assert len(set(rows.tolist())) == len(rows) == 8 * 16
    assert {many.lengths[rows].min(), many.lengths[rows].max()} == {many.lengths.min(), many.lengths.max()}
