"""Scores of preferences by hand, what is said of them, and what they are compared with."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.tasks.preference.made import LABELS, TASK, rows
from tunebook.core.errors import DataError
from tunebook.core.nouns import Report
from tunebook.core.sections import Table
from tunebook.tasks.preference import baselines, words
from tunebook.tasks.preference.cases import alone
from tunebook.tasks.preference.cases import pairs as paired
from tunebook.tasks.preference.scores import pairs, right
from tunebook.tasks.preference.told import Told, there

NONE = ("", "")


def told(*lines: tuple[float, ...]) -> np.ndarray:
    """Of each row log-probability, tokens and that of the model before, of the better and the worse answer."""
    return np.array(lines, dtype=np.float32)


GIVEN = rows(("a", "b"), ("a", "b"), ("a", "b"), ("a", ""), ("", "b"), ("", "b"))
ANSWERS = told(
    (-4, 2, -6, -9, 3, -8),  # +2 and -1: right, the better one is shorter
    (-9, 4, -8, -1, 1, -3),  # -1 and +2: wrong, the better one is longer
    (-5, 2, -5, -5, 2, -5),  # nothing moved
    (-3, 3, -4, 0, 0, 0),  # a good answer that has gained
    (0, 0, 0, -3, 3, -4),  # a bad one that has gained
    (0, 0, 0, -4, 3, -3),  # and one that has lost
)


def test_scores_are_those_by_hand() -> None:
    assert right(ANSWERS, GIVEN.targets, LABELS).tolist() == [1, 0, 0.5, 1, 0, 1]
    scores = TASK.scores(ANSWERS, GIVEN.targets, LABELS)
    assert scores["preference_accuracy"] == pytest.approx(3.5 / 6)
    assert scores["chosen_reward"] == pytest.approx((2 - 1 + 0 + 1) / 4)
    assert scores["rejected_reward"] == pytest.approx((-1 + 2 + 0 + 1 - 1) / 5)
    assert scores["reward_margin"] == pytest.approx(0.5 - 0.2)
    assert scores["likelihood_accuracy"] == pytest.approx((1 + 0 + 0.5) / 3), "-2 > -3, -2.25 < -1, equal"
    assert scores["short_accuracy"] == 1
    assert scores["chosen_log_likelihood"] == pytest.approx(-21 / 11)
    assert TASK.headline(LABELS) == "preference_accuracy"
    each = TASK.row_scores(ANSWERS, GIVEN.targets, LABELS, "preference_accuracy")
    assert each is not None and each.tolist() == [1, 0, 0.5, 1, 0, 1]


def test_intervals_hold_their_values_and_stay_shares() -> None:
    for answers in (ANSWERS, ANSWERS[:2].repeat(3, 0)):
        targets = GIVEN.targets if len(answers) == 6 else GIVEN.targets[[0] * 6]
        for name, interval in TASK.intervals(answers, targets, LABELS).items():
            assert interval.low <= interval.value <= interval.high, name
            if name.endswith("accuracy"):
                assert interval.low >= 0 and interval.high <= 1


def test_a_run_without_a_model_is_wrong_everywhere() -> None:
    lost = np.full((6, 6), np.nan, dtype=np.float32)
    assert not right(lost, GIVEN.targets, LABELS).any()
    assert TASK.scores(lost, GIVEN.targets, LABELS)["preference_accuracy"] == 0


def test_where_there_are_no_pairs_their_scores_are_not_known() -> None:
    scores = TASK.scores(ANSWERS[3:], GIVEN.targets[3:], LABELS)
    assert math.isnan(scores["likelihood_accuracy"]) and math.isnan(scores["short_accuracy"])
    assert not pairs(GIVEN.targets[3:]).any()
    assert there(GIVEN.targets).sum() == 9
    assert set(TASK.intervals(ANSWERS[3:], GIVEN.targets[3:], LABELS)) == {
        "preference_accuracy", "chosen_reward", "rejected_reward", "chosen_log_likelihood"
    }  # fmt: skip


def test_what_is_said_of_a_row() -> None:
    said = TASK.say(ANSWERS, GIVEN, LABELS)
    assert [one["better"] for one in said] == ["a", "b", None, "good", "good", "bad"]
    assert said[0]["rewards"] == {"chosen": 2.0, "rejected": -1.0} and said[4]["rewards"] == {"rejected": 1.0}
    assert TASK.true(GIVEN.targets, GIVEN, LABELS) == ["a", "a", "a", "good", "bad", "bad"]
    records = [{"true": true, **one} for true, one in zip(TASK.true(GIVEN.targets, GIVEN, LABELS), said, strict=True)]
    assert [TASK.badness(one, LABELS) for one in records] == [None, 3.0, 0.0, None, 1.0, None]
    assert TASK.brief(said[0]).label == "a" and TASK.brief(said[0]).score == "+3.00"
    assert TASK.brief(TASK.blank(LABELS)).score == ""
    table = TASK.mistakes([{"id": "1", "text": "t", **records[1]}], LABELS)
    assert table.rows[0][2:] == ("a", "b", -3.0)
    assert TASK.shown("x" * 300).endswith("…") and TASK.shown("good") == "good"


def test_mistakes_show_the_answer_that_was_judged() -> None:
    said = TASK.say(ANSWERS, GIVEN, LABELS)
    assert [one["judged"] for one in said] == [
        None,
        None,
        None,
        *("".join(pair) for pair in GIVEN.targets[3:].tolist()),
    ]
    wrong = {"id": "5", "text": "ask " * 200, "true": "bad", **said[4]}
    table = TASK.mistakes([wrong], LABELS)
    assert table.columns[2].heading == "Judged answer"
    assert table.rows[0][2].value == said[4]["judged"] and len(table.rows[0][1].value) <= 240


def test_answers_that_were_not_read_come_last_and_are_told() -> None:
    answers = ANSWERS.copy()
    answers[4] = 0
    said = TASK.say(answers, GIVEN, LABELS)
    assert said[4]["rewards"] == {} and said[4]["better"] is None
    assert TASK.badness({"true": "bad", **said[4]}, LABELS) == 0.0  # last among the mistakes
    extra = TASK.detail(answers, GIVEN, LABELS)["extra"]
    assert extra["unread"] == 1 and "1. They are not counted here" in TASK.sections(_report(extra), LABELS)[0].caption
    assert TASK.detail(ANSWERS, GIVEN, LABELS)["extra"]["unread"] == 0


def test_cases_are_right_in_every_row() -> None:
    for case in (paired("sigmoid"), alone()):
        assert case.right is not None and right(case.right, case.rows.targets, LABELS).all()
    assert issubclass(type(TASK), words.PreferenceWords)


def test_prompts_alone_are_refused_and_an_empty_row_says_nothing() -> None:
    with pytest.raises(DataError, match="tunebook chat"):
        TASK.say(0 * ANSWERS, replace(GIVEN, targets=None), LABELS)
    assert TASK.true(GIVEN.targets[:0], GIVEN, LABELS) == [] and TASK.true(np.array([NONE]), GIVEN, LABELS) == [None]


def test_a_page_shows_what_became_of_answers_and_whether_length_decides() -> None:
    extra = TASK.detail(ANSWERS, GIVEN, LABELS)["extra"]
    assert extra["answers"]["chosen"] == pytest.approx(
        {"count": 4, "reward": 0.5, "token": -21 / 11, "before": -23 / 11}
    )
    assert extra["length"] == {
        "pairs": 2, "people": 0.5, "model": 0.0, "short": 1, "short_right": 1.0, "long": 1, "long_right": 0.0,
    }  # fmt: skip
    became, length = TASK.sections(_report(extra), LABELS)
    assert isinstance(became, Table) and len(became.rows) == 2 and "less likely" not in became.caption
    assert isinstance(length, Table) and length.rows[0][2:] == (0.5, 0.0)


def test_better_answers_that_fall_are_warned_of() -> None:
    answers = ANSWERS.copy()
    answers[:4, 0] -= 3
    extra = TASK.detail(answers, GIVEN, LABELS)["extra"]
    (became, _) = TASK.sections(_report(extra), LABELS)
    assert isinstance(became, Table) and "On the test rows the better answers are less likely" in became.caption
    assert TASK.notices({"chosen_reward": 0.0}) == [] and TASK.notices({}) == []
    (told,) = TASK.notices({"chosen_reward": -2.5})
    assert "On the validation rows" in told and "by 2.5 nats" in told
    only = TASK.detail(ANSWERS[4:], GIVEN.at([4, 5]), LABELS)["extra"]
    (alone,) = TASK.sections(_report(only), LABELS)
    assert isinstance(alone, Table) and [row[0] for row in alone.rows] == ["worse"]
    assert TASK.sections(_report({}), LABELS) == []


def _report(extra: dict[str, Any]) -> Report:
    return Report(run="r", split="test", rows=6, content="c", headline="preference_accuracy", metrics={}, extra=extra)


def test_the_mean_of_models_is_that_of_what_they_say() -> None:
    mean = TASK.mean([ANSWERS, ANSWERS + 2], LABELS)
    np.testing.assert_allclose(mean, ANSWERS + 1)
    assert TASK.renamed(ANSWERS, LABELS, LABELS) is ANSWERS
    np.testing.assert_allclose(Told.of(ANSWERS).matrix(), ANSWERS)


def test_the_longer_answer_wins_by_characters() -> None:
    given = rows(("long", "ab"), ("a", "abc"), ("ab", "ba"), ("abcdef", ""), ("", "ab"))
    found = baselines.baselines(TASK, SimpleNamespace(split="test", rows={"test": given}))["longer"]()  # type: ignore[arg-type]
    assert right(found, given.targets, LABELS).tolist() == [1, 0, 0.5, 1, 1]
    assert math.isnan(TASK.scores(found, given.targets, LABELS)["chosen_reward"]), "nothing is said of rewards"
