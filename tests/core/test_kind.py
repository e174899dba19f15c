"""Kinds of targets, found by name."""

from __future__ import annotations

from typing import get_args

import pytest

from tunebook.core.errors import PlanError
from tunebook.core.kind import Classes, Kind, Link
from tunebook.core.nouns import Labels
from tunebook.core.registry import kind_of, kinds, tasks
from tunebook.data.kinds.language_model import LanguageModel
from tunebook.data.kinds.multi_label import MultiLabel
from tunebook.data.kinds.ordinal import Ordinal
from tunebook.data.kinds.regression import Regression
from tunebook.data.kinds.single_label import SingleLabel


def test_every_kind_bears_the_name_of_its_file() -> None:
    assert {LanguageModel, MultiLabel, Ordinal, Regression, SingleLabel} <= {type(kind) for kind in kinds().values()}
    for key, kind in kinds().items():
        assert isinstance(kind, Kind) and kind.key == key
        assert type(kind).__module__.endswith(f".kinds.{key}")
        assert kind.link in get_args(Link) and kind.classes in get_args(Classes)


def test_every_kind_belongs_to_tasks_that_there_are() -> None:
    for kind in kinds().values():
        assert kind.tasks and set(kind.tasks) <= set(tasks()), kind.key


@pytest.mark.parametrize(
    ("problem", "names", "outputs"),
    [
        ("single_label", ["a", "b", "c"], 3),
        ("multi_label", ["a", "b"], 2),
        ("regression", [], 1),
        ("ordinal", ["low", "high"], 1),
        ("language_model", [], 1),
    ],
)
def test_outputs_of_a_head(problem: str, names: list[str], outputs: int) -> None:
    labels = Labels(problem=problem, names=names)
    assert labels.outputs == outputs and labels.kind is kind_of(problem)


@pytest.mark.parametrize(
    ("problem", "classes"),
    [
        ("single_label", "one"),
        ("multi_label", "several"),
        ("regression", "none"),
        ("ordinal", "ordered"),
        ("language_model", "none"),
    ],
)
def test_classes_of_a_row(problem: str, classes: str) -> None:
    assert kind_of(problem).classes == classes


def test_an_unknown_kind_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(PlanError) as caught:
        _ = Labels(problem="shapes").outputs
    assert caught.value.code == "labels.kind" and caught.value.value == "shapes"
    assert "single_label" in str(caught.value.allowed)
