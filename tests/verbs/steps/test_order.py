"""What is woven inside and what outside; tests/verbs/steps/test_plan.py shows what does not go together."""

from __future__ import annotations

from tunebook.core.registry import techniques
from tunebook.tasks.text_classification import TextClassification
from tunebook.verbs.steps.order import order


def test_what_lets_only_some_rows_through_is_woven_last() -> None:
    keys = [key for key in ("freeze", "layer_decay", "multi_task", "r_drop", "vat") if key in techniques()]
    assert [item.key for item in order({key: {} for key in keys}, TextClassification())][-1] == "multi_task"
