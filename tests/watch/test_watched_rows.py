"""Rows from the log and back from a file; repeats; what is not known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.requests.rows import row

from tunebook.requests.log import open_log
from tunebook.requests.record import Feedback
from tunebook.requests.sketch import WIDTH, sketch
from tunebook.watch.rows import COLUMNS, LABELLED, Watched, joined, of_feedback, of_log, vectors_of, watched
from tunebook.watch.short import short, word


def test_rows_of_the_log_are_those_that_were_answered(tmp_path: Path) -> None:
    log = open_log(tmp_path / "log.sqlite")
    log.append(
        [
            row(3, sketch=sketch("a room"), cut=True, unknown=1),
            row(1, error="serve.full"),
            row(2, role="shadow"),
            row(0, tokens=0, score=float("nan"), text="kept"),
        ]
    )
    found = of_log(log.answered(columns=COLUMNS))
    log.close()
    assert found.ids.tolist() == ["r0:0", "r3:0"]
    assert np.isnan([found.tokens[0], found.unknown[0], found.cut[0], found.score[0]]).all()
    assert (found.cut[1], found.unknown[1]) == (1.0, 0.2)
    assert np.isnan(found.vectors[0]).all()
    assert np.linalg.norm(found.vectors[1]) == pytest.approx(1.0, abs=1e-3)
    assert found.texts.tolist() == ["kept", ""]


def test_labels_are_joined_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    log = open_log(tmp_path / "log.sqlite")
    log.append([row(place, label="good") for place in range(4)] + [row(4, role="shadow")])
    log.tell([Feedback("r2", 0, 10.0, "label", "good"), Feedback("r0", 0, 20.0, "label", "bad")])
    log.tell([Feedback("r4", 0, 5.0, "label", "bad"), Feedback("strange", 0, 6.0, "label", "bad")])
    found = of_feedback(log.answered(columns=LABELLED), log.feedback("label"))
    log.close()
    assert found.ids.tolist() == ["r2:0", "r0:0"]
    assert found.at.tolist() == [10.0, 20.0]
    assert found.right.tolist() == [1.0, 0.0]
    assert len(of_feedback(None, pa.table({}))) == 0


def test_rows_survive_a_file(tmp_path: Path) -> None:
    rows = watched(2, label=["好", ""], score=[0.5, np.nan], texts=["secret", "x"], vectors=np.eye(2))
    rows.save(tmp_path / "rows.npz")
    back = Watched.load(tmp_path / "rows.npz")
    assert back.label.tolist() == ["好", ""]
    assert back.texts.tolist() == ["", ""]  # the book has them
    assert back.vectors.tolist() == np.eye(2).tolist()
    assert b"secret" not in (tmp_path / "rows.npz").read_bytes()


def test_each_text_counts_once() -> None:
    vectors = np.array([[1, 0], [0, 1], [1, 0], [np.nan, np.nan], [np.nan, np.nan]], np.float32)
    rows = watched(5, vectors=vectors, characters=[4, 4, 4, 4, 4], ids=list("abcde"))
    assert rows.once().ids.tolist() == ["a", "b", "d", "e"]
    assert len(watched(0).once()) == 0


def test_parts_stand_one_after_the_other() -> None:
    a, b = watched(1, vectors=np.ones((1, 3)), ids=["a"]), watched(1, vectors=np.ones((1, 2)), ids=["b"])
    both = joined([a, b])
    assert both.ids.tolist() == ["a", "b"]
    assert np.isnan(both.vectors[1]).all()
    assert joined([a]) is a


def test_sketches_that_are_none_are_not_known() -> None:
    found = vectors_of([b"", None, b"short", sketch(""), sketch("room")])
    assert np.isnan(found[:4]).all()
    assert found.shape == (5, WIDTH)
    assert vectors_of([]).shape == (0, WIDTH)


@pytest.mark.parametrize(
    ("answer", "label", "score"),
    [
        ({"label": "good", "score": 0.5, "scores": {}}, "good", 0.5),
        ({"label": ["b", "a"], "score": 0.5}, "b a", 0.5),
        ({"label": 3.5, "score": 3.5}, "3.5", 3.5),
        ({"spans": [{"label": "PER"}, {"label": "LOC"}]}, "PER LOC", None),
        ({"label": None, "score": None}, "", None),
        ({}, "", None),
    ],
)
def test_answers_in_short(answer: dict[str, object], label: str, score: float | None) -> None:
    found = short(answer)
    assert found[0] == label
    assert np.isnan(found[1]) if score is None else found[1] == score
    assert word(("a",)) == "a"
