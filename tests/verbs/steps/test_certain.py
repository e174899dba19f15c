"""Sure answers: what is promised of them where answers were drawn together."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.core.errors import DataError
from tunebook.verbs.steps.certain import certain, covered


def _side(count: int, each: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Groups whose answers all have one score and are right or wrong together."""
    draw = np.random.default_rng(seed)
    score = draw.random(count)
    right = draw.random(count) < 0.75 + 0.22 * score
    return np.repeat(score, each), np.repeat(right, each), np.repeat(np.arange(count), each)


def test_answers_that_repeat_each_other_promise_no_more_than_one_of_them() -> None:
    one = _side(600, 1, 0)
    many = _side(600, 20, 0)
    plain, repeated = certain(0.85, (*one[:2], None), one), certain(0.85, many, many)
    assert (repeated.score, repeated.least) == (plain.score, plain.least)
    assert repeated.validation == covered(*many, plain.score) and repeated.validation.answers == 12_000
    assert certain(0.85, (*many[:2], None), many).least > plain.least  # what counting each would promise


def test_a_promise_about_groups_is_kept() -> None:
    broken = 0
    for seed in range(60):
        side = _side(30, 20, seed)
        try:
            found = certain(0.9, side, side)
        except DataError as error:
            assert error.code == "calibrate.accuracy" and error.fields["rows"] == 30
            continue
        broken += 0.75 + 0.22 * (found.score + 1) / 2 < 0.9
    assert broken <= 60 * 0.05 + 3


@pytest.mark.parametrize("wanted", [0.5, 0.8])
def test_without_groups_every_answer_counts(wanted: float) -> None:
    score, right, groups = _side(300, 1, 3)
    assert (
        certain(wanted, (score, right, None), (score, right, None)).score
        == certain(wanted, (score, right, groups), (score, right, groups)).score
    )
