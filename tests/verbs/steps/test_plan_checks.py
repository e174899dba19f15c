"""What is refused of settings whatever their techniques."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import small
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.tasks.preference import Preference
from tunebook.verbs.steps.plan_checks import check_settings, check_whole

DATA: Any = SimpleNamespace(labels=Labels(problem="preference"), path=Path())


def test_a_length_without_room_and_a_metric_that_is_none_are_told_together() -> None:
    with pytest.raises(PlanError, match=r"plan\.(length|metric)") as refused:
        check_settings(small.filled(max_length=64, metric="mae"), Preference(), DATA, 32)
    assert {refused.value.code, *(other.code for other in refused.value.others)} == {"plan.length", "plan.metric"}


def test_steps_that_hold_all_rows_together_are_not_split() -> None:
    params = small.filled(gradient_accumulation_steps=2).model_copy(update={"preference.loss": "kto"})
    with pytest.raises(PlanError, match=r"plan\.whole"):
        check_whole(params, Preference(), DATA)
    check_whole(small.filled(), Preference(), DATA)
