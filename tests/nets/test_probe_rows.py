"""Settings that a fitted head does not have are refused by name."""

from __future__ import annotations

import pytest

from tests import small
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts
from tunebook.nets.probe_rows import refuse_settings


def facts(problem: str, **settings: object) -> Facts:
    labels = Labels(problem=problem, names=["a", "b"])
    return Facts("text_classification", labels, small.filled(**settings), {}, frozenset(), 10)


@pytest.mark.parametrize(
    ("problem", "settings", "key"),
    [
        ("single_label", {"label_smoothing": 0.1}, "label_smoothing"),
        ("multi_label", {"class_weights": "balanced"}, "class_weights"),
    ],
)
def test_what_a_fitted_head_does_not_have(problem: str, settings: dict[str, object], key: str) -> None:
    with pytest.raises(PlanError) as caught:
        refuse_settings("setfit", facts(problem, **settings))
    assert (caught.value.code, caught.value.key, caught.value.value) == ("probe.setting", key, settings[key])


def test_what_it_has_is_taken() -> None:
    refuse_settings("setfit", facts("single_label", class_weights="balanced"))
    refuse_settings("setfit", facts("multi_label"))
