"""What is said of entities: in the user's text, in tables of mistakes, on a page, on a card."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests import small
from tests.tasks.tagging import made
from tunebook.core.answers import Rows
from tunebook.core.nouns import Labels, Report
from tunebook.core.sections import HeatMap, Table
from tunebook.tasks.tagging import Tagging
from tunebook.tasks.tagging.words import KINDS, detail

TASK = Tagging()
LABELS = Labels(problem="spans", names=["PER", "LOC"])
TEXTS = ["Ann met Bob Lee in Rome", "Ann saw Rome", "nobody", "Oslo"]
TRUE = [[(0, 3, 0), (8, 15, 0), (19, 23, 1)], [(0, 3, 0), (8, 12, 1)], [], [(0, 4, 1)]]
SAID = [[(0, 3, 0), (8, 11, 0), (19, 23, 0)], [(0, 3, 0), (4, 7, 1), (8, 12, 1)], [(0, 6, 0)], []]
ROWS = Rows(TEXTS, None, made.targets(TRUE), list("abcd"))
ANSWERS = made.answers(SAID, 0.75)


def test_spans_are_said_in_the_text_that_the_user_gave():
    said = TASK.say(ANSWERS, ROWS, LABELS)
    assert said[1]["spans"][1] == {"start": 4, "end": 7, "label": "LOC", "text": "saw", "score": 0.75}
    assert said[3] == TASK.blank(LABELS) == {"spans": []}
    assert TASK.true(ROWS.targets, ROWS, LABELS)[3] == [{"start": 0, "end": 4, "label": "LOC", "text": "Oslo"}]
    moved = Rows(["Oslo"], None, None, ["d"], raw=["<b>Oslo</b>"], back=[lambda start, end: (start + 3, end + 3)])
    (span,) = TASK.say(made.answers([[(1, 4, 1)]]), moved, LABELS)[0]["spans"]
    assert (span["start"], span["end"], span["text"]) == (4, 7, "slo")


def test_one_line_and_mistakes():
    said, true = TASK.say(ANSWERS, ROWS, LABELS), TASK.true(ROWS.targets, ROWS, LABELS)
    brief = TASK.brief(said[0])
    assert (brief.label, brief.score) == ("Ann (PER), Bob (PER), Rome (PER)", "0.750")
    assert TASK.brief(said[3]).label == "(no entity)"
    records = [
        {"id": row, "text": text, "true": own, **answer}
        for row, text, own, answer in zip("abcd", TEXTS, true, said, strict=True)
    ]
    assert [TASK.badness(record, LABELS) for record in records] == [4, 1, 1, 1]
    assert TASK.badness({"true": true[3], "spans": [{**true[3][0], "score": 0.1}]}, LABELS) is None
    table = TASK.mistakes(records, LABELS)
    assert table.rows[0][2:] == ("Ann (PER), Bob Lee (PER), Rome (LOC)", "Ann (PER), Bob (PER), Rome (PER)")
    assert TASK.narrow(said[0], None, 0.8) == ({"spans": []}, True)
    assert TASK.narrow(said[0], None, 0.7) == (said[0], False)
    assert TASK.options(LABELS) == {"reject_below"}


def test_errors_are_told_apart():
    found = detail(ANSWERS, ROWS, LABELS)
    assert found["confusion"] == [[3, 0, 0], [1, 1, 1], [1, 1, 0]]
    listed = found["extra"]["entities"]
    assert {kind: listed[kind]["count"] for kind in KINDS} == {
        "missed": 1, "invented": 2, "other_type": 1, "other_borders": 1,
    }  # fmt: skip
    bob = {"true": "Bob Lee", "type": "PER", "said": "Bob", "said_type": "PER", "context": "Ann met [Bob Lee] in Rome"}
    assert listed["other_borders"]["items"] == [{**bob, "id": "a", "count": 1}]
    assert listed["missed"]["items"][0]["context"] == "[Oslo]"
    per, loc = found["per_class"]["PER"], found["per_class"]["LOC"]
    assert per["precision"] == pytest.approx(2 / 5) and per["recall"] == pytest.approx(2 / 3)
    assert loc["f1"] == pytest.approx(2 / 5) and loc["support"] == 3
    assert 0 <= per["f1_low"] < per["f1"] < per["f1_high"] <= 1
    json.dumps(found)


def test_like_mistakes_stand_together():
    often = Rows(["Rome"] * 3, None, made.targets([[(0, 4, 1)]] * 3), list("abc"))
    listed = detail(made.answers([[]] * 3), often, LABELS)["extra"]["entities"]["missed"]
    assert listed["count"] == 3 and [item["count"] for item in listed["items"]] == [3]


def test_a_page_shows_types_confusion_and_mistakes():
    metrics = TASK.scores(ANSWERS, ROWS.targets, LABELS)
    made_of = TASK.detail(ANSWERS, ROWS, LABELS)
    report = Report(run="r", split="test", rows=4, content="c", headline="span_f1", metrics=metrics, **made_of)
    sections = TASK.sections(report, LABELS)
    assert [type(section) for section in sections] == [Table, HeatMap, Table, Table, Table, Table, Table]
    assert sections[1].names[-1] == "none"
    assert all(len(table.columns) == len(table.rows[0]) for table in (sections[0], *sections[2:]))
    assert sections[2].on_card and [row[1] for row in sections[2].rows] == [0, 0, 0]
    assert "0 of 4" in sections[2].caption
    assert [column.heading for column in sections[0].columns][:: len(sections[0].columns) - 1] == ["Type", "Entities"]
    assert TASK.sections(report.model_copy(update={"per_class": {}}), LABELS) == []
    assert len(TASK.card_notes(LABELS)) == 1 and "pipeline" in TASK.snippet(LABELS, small.filled(), pairs=False)[0]


@pytest.mark.parametrize("groups", [None, np.array([0, 0, 1, 1])])
def test_scores_have_intervals_over_rows_and_groups(groups):
    values, ends = TASK.scores(ANSWERS, ROWS.targets, LABELS), TASK.intervals(ANSWERS, ROWS.targets, LABELS, groups)
    expected = ["span_f1", "span_precision", "span_recall", "span_macro_f1", "span_partial_f1", "token_accuracy"]
    expected.append("whole_rows")
    assert list(values) == expected == [metric.key for metric in TASK.metrics(LABELS)]
    assert set(ends) == set(values)
    for name, interval in ends.items():
        assert interval.value == pytest.approx(values[name]), name
        assert 0 <= interval.low <= interval.value <= interval.high <= 1
    nothing = made.answers([[]] * 4)
    assert "span_precision" not in TASK.intervals(nothing, ROWS.targets, LABELS)
    assert TASK.headline(LABELS) == "span_f1" and TASK.row_scores(ANSWERS, ROWS.targets, LABELS, "span_f1") is None
    assert TASK.scorer(ANSWERS, ROWS.targets, LABELS, "span_f1")(np.array([1, 1])) == pytest.approx(0.8)


def test_intervals_hold_the_true_value():
    """Of rows drawn again and again nineteen of twenty intervals hold the score of all that they were drawn from."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(2, 4000)
    right = rng.binomial(counts, rng.beta(6, 2, 4000))
    parts = np.stack([right, counts, counts], axis=1).astype(float)
    metric = TASK.metric(LABELS, "span_f1")
    held = 0
    for _ in range(300):
        found = metric.interval(parts[rng.integers(0, 4000, 150)], None)
        held += found.low <= metric.value(parts) <= found.high
    assert 0.91 <= held / 300 <= 0.99
