"""Scores of answers, against reckoning by hand, and the margin from which on to answer, against trying all."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.bundle.said import ALWAYS, Said
from tunebook.core.extracts import Extract, packed
from tunebook.core.nouns import Labels
from tunebook.tasks.question_answering import QuestionAnswering
from tunebook.tasks.question_answering.scores import best_threshold, both, has_answer

TASK = QuestionAnswering()
SOME, ALL = Labels(problem="answers", low=0.0, high=2.0), Labels(problem="answers", low=1.0, high=2.0)
CONTEXT = "Anna went to New York in May"
CHINESE = "《战国无双3》由光荣公司开发"
TRUE = packed(
    [
        Extract(CONTEXT, [(13, 21), (0, 4)]),
        Extract(CONTEXT, []),
        Extract(CHINESE, [(9, 11)]),
        Extract(CONTEXT, []),
        Extract(CONTEXT, [(25, 28)]),
    ]
)


def answers(*places: tuple[int, int] | None, margin: float = 1.0) -> np.ndarray:
    found = [np.zeros((0, 3)) if place is None else np.array([(*place, 1.0)]) for place in places]
    count = len(places)
    return Said(np.full(count, margin), np.full(count, ALWAYS), np.ones(count), found).matrix()


GIVEN = answers((13, 28), None, (9, 13), (0, 4), None)


def test_rows_score_by_the_rules_of_their_language():
    found = both(GIVEN, TRUE)
    f1 = [2 * 2 / (2 + 4), 1, 2 * 2 / 6, 0, 0]  # "New York in May" for "New York"; 光荣公司 for 光荣
    np.testing.assert_allclose(found[:, 0], f1)
    assert found[:, 1].tolist() == [0, 1, 0, 0, 0]
    scores = TASK.scores(GIVEN, TRUE, SOME)
    assert scores == pytest.approx(
        {
            "f1": np.mean(f1),
            "exact_match": 0.2,
            "has_answer_f1": (f1[0] + f1[2]) / 3,
            "has_answer_exact_match": 0,
            "no_answer_accuracy": 0.5,
        }
    )
    assert has_answer(TRUE).tolist() == [True, False, True, False, True]
    assert list(TASK.scores(GIVEN, TRUE, ALL)) == ["f1", "exact_match"] and TASK.headline(ALL) == "f1"


def test_each_row_has_a_score_and_lost_answers_have_none():
    rows = TASK.row_scores(GIVEN, TRUE, SOME, "f1")
    assert rows is not None and rows.mean() == pytest.approx(TASK.scores(GIVEN, TRUE, SOME)["f1"])
    assert TASK.row_scores(GIVEN, TRUE, SOME, "has_answer_f1") is None
    assert TASK.scorer(GIVEN, TRUE, SOME, "no_answer_accuracy")(np.array([1, 1, 3])) == pytest.approx(2 / 3)
    assert np.isnan(TASK.scorer(GIVEN, TRUE, SOME, "no_answer_accuracy")(np.array([0])))
    lost = np.full_like(GIVEN, np.nan)
    assert TASK.scores(lost, TRUE, SOME)["f1"] == 0
    with pytest.raises(ValueError, match="cannot be scored"):
        both(GIVEN[:2], TRUE)


def test_intervals_hold_the_value_and_grow_with_groups():
    many = np.repeat(np.arange(5), 12)
    targets, given = TRUE[many], GIVEN[many]
    alone = TASK.intervals(given, targets, SOME)
    assert set(alone) == set(TASK.scores(given, targets, SOME))
    assert all(0 <= one.low <= one.value <= one.high <= 1 for one in alone.values())
    together = TASK.intervals(given, targets, SOME, many)
    assert together["f1"].high - together["f1"].low > 2 * (alone["f1"].high - alone["f1"].low)


@pytest.mark.parametrize("seed", range(6))
def test_the_margin_is_the_best_of_all(seed):
    draw = np.random.default_rng(seed)
    count = 30
    targets = packed([Extract(CONTEXT, [(13, 21)] if one else []) for one in draw.random(count) < 0.6])
    margins = np.round(draw.normal(0, 2, count), seed % 2)  # some of them equal
    places = [np.array([(13, 21 if right else 17, 1.0)]) for right in draw.random(count) < 0.5]
    found = Said(margins, np.zeros(count), np.ones(count), places)

    def score(threshold):
        moved = Said(margins, np.full(count, threshold), np.ones(count), places)
        return both(moved.matrix(), targets)[:, 0].mean()

    best = best_threshold(found.matrix(), targets)
    assert score(best) == pytest.approx(max(score(one) for one in [*(margins - 1e-3), *(margins + 1e-3)]))


def test_a_margin_is_near_nought_where_it_does_not_matter():
    sure = answers(*[(13, 21)] * 4, margin=5.0)
    assert best_threshold(sure, packed([Extract(CONTEXT, [(13, 21)])] * 4)) == pytest.approx(4.0)
    assert best_threshold(sure, packed([Extract(CONTEXT, [])] * 4)) == pytest.approx(6.0)
