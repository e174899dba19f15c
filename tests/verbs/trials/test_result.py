"""The best trial: the highest score, of equal ones the table itself, else the first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tunebook.verbs.trials.result import best_of, importance
from tunebook.verbs.trials.space import Axis, Space
from tunebook.verbs.trials.study import TrialRecord

AXES = [
    Axis(name="layer_decay", kind="switch"),
    Axis(name="layer_decay.rate", kind="float", low=0.8, high=1),
    Axis(name="learning_rate", kind="float", low=1e-6, high=1e-3, log=True),
    Axis(name="batch_size", kind="int", low=8, high=64, log=True),
]


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


def records(count: int, *, flat: bool = False) -> list[TrialRecord]:
    draw = np.random.default_rng(0)
    found = []
    for number in range(count):
        rate = float(10 ** draw.uniform(-6, -3))
        values = {"layer_decay": bool(number % 2), "learning_rate": rate, "batch_size": int(draw.integers(8, 65))}
        score = 0.5 if flat else 0.9 - 0.05 * (np.log10(rate) + 4.5) ** 2
        found.append(TrialRecord(number=number, state="complete", values=values, score=score))
    return found


def test_the_row_that_decides_has_nearly_all() -> None:
    shares = importance(Space(axes=AXES), records(40))
    assert next(iter(shares)) == "learning_rate" and shares["learning_rate"] > 0.8
    assert sum(shares.values()) == 1 or abs(sum(shares.values()) - 1) < 1e-9
    assert set(shares) == {"layer_decay", "learning_rate", "batch_size"}, "rows of a switched technique are left out"


def test_nothing_is_said_of_few_or_equal_trials_or_of_such_outside() -> None:
    space = Space(axes=AXES)
    assert importance(space, records(3)) == {}
    assert importance(space, records(9, flat=True)) == {}
    outside = [record.model_copy(update={"values": record.values | {"learning_rate": 0.5}}) for record in records(9)]
    assert importance(space, outside) == {}
    pruned = [record.model_copy(update={"score": None}) for record in records(9)]
    assert importance(space, pruned) == {}
