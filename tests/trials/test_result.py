"""The best trial: the highest score, of equal ones the table itself, else the first."""

from __future__ import annotations

from typing import Any

import pytest

from tunebook.trials.result import best_of
from tunebook.trials.study import TrialRecord


def trial(number: int, score: float | None, **more: Any) -> TrialRecord:
    return TrialRecord(
        number=number, state="complete" if score is not None else "pruned", values={}, score=score, **more
    )


@pytest.mark.parametrize(
    ("trials", "best"),
    [
        ([trial(0, 0.5, parent=True), trial(1, 0.6), trial(2, 0.7)], 2),
        ([trial(0, None), trial(1, 0.6), trial(2, 0.6)], 1),
        ([trial(0, None), trial(1, 0.6), trial(2, 0.6, parent=True)], 2),
        ([trial(0, 0.0), trial(1, -0.2)], 0),
        ([trial(0, None)], None),
        ([], None),
    ],
)
def test_best_of(trials: list[TrialRecord], best: int | None) -> None:
    found = best_of(trials)
    assert (found.number if found else None) == best
