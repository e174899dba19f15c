"""What users read of classes and numbers, small enough to check by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tunebook.core.nouns import Labels, Report
from tunebook.core.sections import Annotated, HeatMap, Reliability, Scatter, Table
from tunebook.core.task import Rows
from tunebook.tasks.label_words import class_table
from tunebook.tasks.text_classification import TextClassification

SINGLE = Labels(problem="single_label", names=["a", "b"])
SEVERAL = Labels(problem="multi_label", names=["a", "b", "c"])
NUMBER = Labels(problem="regression", low=0, high=1)
ORDERED = Labels(problem="ordinal", names=["low", "mid", "high"])
TASK, NO_ROWS = TextClassification(), Rows([], None, None, [])


def said(answers: Any, labels: Labels) -> list[dict[str, Any]]:
    found = TASK.say(np.asarray(answers), NO_ROWS, labels)
    assert all(list(answer) == list(TASK.blank(labels)) for answer in found)
    return found


def test_answers_by_hand() -> None:
    (one,) = said([[0.0, np.log(3)]], SINGLE)
    assert one["label"] == "b"
    assert one["scores"] == pytest.approx({"a": 0.25, "b": 0.75})
    (several,) = said([[np.log(3), 0.0, -np.log(3)]], SEVERAL)
    assert several["label"] == ["a"]
    assert several["score"] == pytest.approx(0.75)
    assert several["scores"] == pytest.approx({"a": 0.75, "b": 0.5, "c": 0.25})
    assert said([[0.25]], NUMBER) == [{"label": 0.25, "score": 0.25, "scores": {}}]
    levels = said([[-3.0], [0.4], [1.2], [9.0]], ORDERED)
    assert [answer["label"] for answer in levels] == ["low", "low", "mid", "high"]
    assert levels[0]["score"] == -3.0


def test_true_labels() -> None:
    assert TASK.true(np.array([1, 0]), NO_ROWS, SINGLE) == ["b", "a"]
    assert TASK.true(np.array([[1.0, 0.0, 1.0]]), NO_ROWS, SEVERAL) == [["a", "c"]]
    assert TASK.true(np.float32([0.5]), NO_ROWS, NUMBER) == [0.5]
    assert TASK.true(np.float32([2]), NO_ROWS, ORDERED) == ["high"]


def test_only_classes_have_scores_to_ask_for() -> None:
    assert TASK.options(SINGLE) == TASK.options(SEVERAL) == {"top_k", "reject_below"}
    assert TASK.options(NUMBER) == TASK.options(ORDERED) == frozenset()
    (answer,) = said([[0.0, np.log(3)]], SINGLE)
    assert TASK.narrow(answer, None, None) == (answer, False)
    assert TASK.narrow(answer, 1, None) == ({**answer, "scores": {"b": answer["score"]}}, False)
    assert TASK.narrow(answer, None, 0.8) == ({**answer, "label": None}, True)
    assert TASK.narrow(answer, None, 0.7) == (answer, False)


def test_an_answer_on_one_line() -> None:
    (one,) = said([[0.0, np.log(3)]], SINGLE)
    assert vars(TASK.brief(one)) == {"label": "b", "score": "0.750", "beside": "a 0.250"}
    assert TASK.brief(one, 0).beside == ""
    (several,) = said([[9.0, 9.0, -np.log(3)]], SEVERAL)
    assert (TASK.brief(several).label, TASK.brief(several).beside) == ("a, b", "")
    assert TASK.brief(several, 2).beside == "c 0.250"
    assert vars(TASK.brief(said([[2.5]], NUMBER)[0])) == {"label": "2.5", "score": "", "beside": ""}
    assert TASK.shown([]) == "∅"


def test_the_worst_mistakes_are_the_surest_or_the_farthest() -> None:
    right, wrong = ({"true": true, "label": "a", "score": 0.9, "scores": {}} for true in "ab")
    assert TASK.badness(right, SINGLE) is None
    assert TASK.badness(wrong, SINGLE) == 0.9
    assert TASK.badness({"true": 1.0, "label": 3.5, "score": 3.5}, NUMBER) == 2.5
    assert TASK.badness({"true": "low", "label": "mid", "score": 1.2}, ORDERED) == 1.2


@pytest.mark.parametrize(("labels", "heading"), [(SINGLE, "Confidence"), (ORDERED, "Value"), (NUMBER, None)])
def test_the_score_beside_a_mistake(labels: Labels, heading: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    record = {"id": "7", "text": "one", "pair": "two", "true": "a", "label": "b", "score": 0.9}
    table = TASK.mistakes([record], labels)
    assert [column.heading for column in table.columns[4:]] == ([heading] if heading else [])
    assert table.rows[0][:4] == ("7", Annotated("one", "two"), "a", "b")
    assert table.rows[0][4:] == ((0.9,) if heading else ())


def report(**told: Any) -> Report:
    return Report(run="r", split="test", rows=4, content="x", headline="accuracy", metrics={}, **told)


def test_the_sections_of_each_kind() -> None:
    bins = [{"low": 0.0, "high": 1.0, "count": 4, "confidence": 0.8, "accuracy": 0.7}]
    scores = {"a": {"f1": 0.5, "f1_low": 0.25, "f1_high": 0.75, "support": 3.0}, "b": {"f1": 1.0, "support": 1.0}}
    found = TASK.sections(report(confusion=[[2, 1], [0, 1]], per_class=scores, extra={"reliability": bins}), SINGLE)
    assert [type(section) for section in found] == [HeatMap, Reliability, Table]
    assert class_table(report(per_class=scores)).rows == (("a", Annotated(0.5, (0.25, 0.75)), 3), ("b", 1.0, 1))
    three = TASK.sections(report(confusion=[[2, 1, 1], [0, 1, 0], [0, 3, 1]], extra={"scatter": [[0, 1.0]]}), ORDERED)
    assert [type(section) for section in three] == [Scatter, HeatMap, Table]
    assert isinstance(three[2], Table)
    assert three[2].rows == (("high", "mid", 3, 0.75), ("low", "mid", 1, 0.25), ("low", "high", 1, 0.25))
    assert TASK.sections(report(extra={"reliability": [{**bins[0], "count": 0}]}), SINGLE) == []


def test_what_is_about_classes_is_idle_for_numbers() -> None:
    assert TASK.idle(SINGLE) == TASK.idle(SEVERAL) == {}
    assert TASK.idle(ORDERED) == TASK.idle(NUMBER) == {"label_smoothing": 0, "class_weights": "none"}
