"""What can be explained of classes and numbers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tunebook.core.answers import Rows
from tunebook.core.explains import PAIR, PASSAGE, TEXT, Aim, Explains, text_of
from tunebook.core.nouns import Labels
from tunebook.tasks.label_aims import aims
from tunebook.tasks.text_classification import TextClassification

ROW = Rows(["a"], None, None, ["0"])
NAMES = ["bad", "so", "good"]


def of(
    logits: list[float], problem: str, rows: Rows = ROW, names: Any = None, temperature: float = 1.0
) -> tuple[Any, list[Aim]]:
    outputs = SimpleNamespace(logits=torch.tensor([logits]))
    return outputs, aims(outputs, rows, Labels(problem=problem, names=NAMES if names is None else names), temperature)


def test_classes_stand_by_their_chance_and_the_best_is_said() -> None:
    outputs, found = of([1.0, -2.0, 3.0], "single_label")
    assert [aim.name for aim in found] == ["good", "bad", "so"] and [aim.said for aim in found] == [True, False, False]
    chances = [float(torch.sigmoid(aim.score(outputs))[0]) for aim in found]
    assert chances == pytest.approx(torch.softmax(outputs.logits, -1)[0, [2, 0, 1]].tolist())
    assert all(aim.parts == (TEXT,) and aim.odds for aim in found)


def test_chances_of_a_calibrated_model_are_those_at_its_temperature() -> None:
    outputs, found = of([1.0, -2.0, 3.0], "single_label", temperature=2.5)
    chances = [float(torch.sigmoid(aim.score(outputs))[0]) for aim in found]
    assert chances == pytest.approx(torch.softmax(outputs.logits / 2.5, -1)[0, [2, 0, 1]].tolist())
    outputs, several = of([1.0, -2.0, 3.0], "multi_label", temperature=2.5)
    assert float(several[0].score(outputs)[0]) == pytest.approx(3 / 2.5)


def test_of_several_labels_all_that_are_given_are_said_and_else_the_likeliest() -> None:
    outputs, found = of([1.0, -2.0, 3.0], "multi_label")
    assert [aim.name for aim in found if aim.said] == ["good", "bad"]
    assert float(found[0].score(outputs)[0]) == pytest.approx(3)
    _, none = of([-1.0, -2.0, -3.0], "multi_label")
    assert [aim.name for aim in none if aim.said] == ["bad"]


def test_a_number_is_its_own_score() -> None:
    pairs = Rows(["a"], ["b"], None, ["0"])
    outputs, found = of([1.25], "regression", pairs, [])
    assert found[0].name == "1.25" and not found[0].odds and found[0].parts == (TEXT, PAIR)
    assert float(found[0].score(outputs)[0]) == pytest.approx(1.25)
    _, level = of([1.7], "ordinal")
    assert level[0].name == "good"


def test_the_parts_of_a_row() -> None:
    assert isinstance(TextClassification(), Explains)
    row = Rows(["a"], ["b"], None, ["0"], passages=["p", "q"])
    assert [text_of(row, part) for part in (TEXT, PAIR, f"{PASSAGE}1")] == ["a", "b", "q"]
    assert text_of(ROW, PAIR) == ""
