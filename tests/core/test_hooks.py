"""What holds for a task that says nothing of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from tests import small

from tunebook.core.answers import Rows
from tunebook.core.hooks import BaselineInput, Hooks
from tunebook.core.nouns import Labels, Report
from tunebook.core.sections import Annotated, Brief

LABELS = Labels(problem="single_label", names=["a", "b"])


class Bare(Hooks):
    """Says what it must."""

    def say(self, answers: Any, rows: Rows, labels: Labels) -> list[dict[str, Any]]:
        return [{"label": labels.names[int(row[0])]} for row in answers]

    def true(self, targets: Any, rows: Rows, labels: Labels) -> list[Any]:
        return [labels.names[int(target)] for target in targets]


TASK = Bare()


def record(true: str, label: str) -> Mapping[str, Any]:
    return {"id": "1", "text": "some text", "true": true, "label": label}


def test_defaults_leave_out_what_a_task_does_not_say() -> None:
    report = Report(run="r", split="test", rows=1, content="", headline="f1", metrics={})
    assert TASK.blank(LABELS) == {"label": None}
    assert TASK.options(LABELS) == frozenset()
    assert TASK.narrow({"label": "a"}, 3, 0.5) == ({"label": "a"}, False)
    assert TASK.brief({"label": "a", "notes": []}) == Brief("a")
    assert (
        TASK.sections(report, LABELS)
        == TASK.snippet(LABELS, small.filled(), pairs=False)
        == TASK.card_notes(LABELS)
        == []
    )
    assert TASK.idle(LABELS) == {}
    assert TASK.cases() == ()
    assert TASK.writers() == {}


def test_mistakes_are_those_that_differ_and_are_shown_with_both_labels() -> None:
    assert TASK.badness(record("a", "a"), LABELS) is None
    assert TASK.badness(record("a", "b"), LABELS) == 0.0
    table = TASK.mistakes([record("a", "b")], LABELS)
    assert table.rows == (("1", Annotated("some text", None), "a", "b"),)
    assert [column.form for column in table.columns] == ["soft", "text", "right", "wrong"]


def test_rows_that_are_answered_choose_nothing() -> None:
    rows = {split: Rows(["a"], None, np.array([place]), ["0"]) for place, split in enumerate(("train", "validation"))}
    unused: Any = None
    given = BaselineInput(unused, unused, "test", rows, unused)
    assert given.chooses == np.array([1])
    assert TASK.baselines(given) == {}
    assert replace(given, split="validation").chooses is None


def test_places_are_those_in_the_text_as_it_was_given() -> None:
    raw, text = "  a&amp;b  c", "a&b c"
    begins, ends = [2, 3, 8, 9, 11], [3, 8, 9, 11, 12]

    def back(start: int, end: int) -> tuple[int, int]:
        return begins[start], ends[end - 1]

    rows = Rows([text, text], None, None, ["0", "1"], raw=["", raw], back=[back, back])
    assert rows.place(1, 0, 3) == (2, 9, "a&amp;b")
    assert rows.place(1, 4, 5) == (11, 12, "c")
    assert rows.at([1]).place(0, 1, 2) == rows.at(slice(1, 2)).place(0, 1, 2) == (3, 8, "&amp;")
    assert Rows([text], None, None, ["0"]).place(0, 0, 3) == (0, 3, "a&b")
