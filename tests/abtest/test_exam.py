"""Exams: the rows of a split, rows of a file with labels as people write them, and answers that are kept."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests import small
from tests.books import Trained
from tunebook.abtest.exam import file_exam, kept_logits, logits_of, split_exam
from tunebook.core.errors import DataError
from tunebook.data.prepare import open_data, prepare
from tunebook.verbs.runs import Run


def data(tmp_path: Path, kind: str, **more: Any):
    file = small.write_records(tmp_path / "rows.csv", kind, 120)
    options = small.options(kind).model_copy(update=more)
    return prepare([file], tmp_path / "data", options)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_rows_of_a_split(tmp_path: Path) -> None:
    ref = data(tmp_path, "binary")
    found = split_exam(ref, "validation")
    assert (found.name, found.place, len(found.rows)) == ("validation", "validation", ref.rows["validation"])
    assert found.key == split_exam(open_data(tmp_path / "data"), "validation").key != split_exam(ref, "test").key
    with pytest.raises(DataError) as caught:
        split_exam(ref.model_copy(update={"rows": {**ref.rows, "validation": 0}}), "validation")
    assert caught.value.code == "data.no_split"


@pytest.mark.parametrize(
    ("kind", "text", "targets"),
    [
        ("binary", "text,label\nthe room,good\na stay, BAD \n", [1, 0]),
        ("several", "text,label\nthe room,good|so\na stay,\nfood,bad\n", None),
        ("number", "text,label\nthe room,1.5\na stay,0\n", [1.5, 0.0]),
        ("ordered", "text,label\nthe room,so\na stay,good\n", [1.0, 2.0]),
        ("pairs", "text,other,label\nthe room,a stay,same\nfood,it,different\n", None),
    ],
)
def test_labels_of_a_file(kind: str, text: str, targets: Any, tmp_path: Path) -> None:
    ref = data(tmp_path, kind)
    found = file_exam(ref, write(tmp_path / "hard.csv", text))
    assert found.name == "hard.csv" and found.place.startswith("challenges/")
    assert next(iter(found.rows.texts)) == "the room"
    if targets is not None:
        assert found.targets.tolist() == pytest.approx(targets)
    if kind == "several":
        names = [[ref.labels.names[c] for c in np.flatnonzero(row)] for row in found.targets]
        assert [sorted(row) for row in names] == [["good", "so"], [], ["bad"]]
    if kind == "pairs":
        assert list(found.rows.pairs or ()) == ["a stay", "it"]
    again = file_exam(ref, write(tmp_path / "hard.csv", text))
    assert again.key == found.key


def test_labels_are_named_as_in_the_book(tmp_path: Path) -> None:
    file = write(
        tmp_path / "rows.csv", "text,label\n" + "".join(f"{t},{int(k == 'good')}\n" for t, k in small.texts(80))
    )
    options = small.options("binary").model_copy(update={"label_names": {"0": "poor", "1": "fine"}})
    ref = prepare([file], tmp_path / "data", options)
    found = file_exam(ref, write(tmp_path / "hard.csv", "text,label\nthe room,1\na stay,fine\nit,0\n"))
    assert [ref.labels.names[int(code)] for code in found.targets] == ["fine", "fine", "poor"]


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("binary", "text,label\nthe room,good\na stay,ugly\n", "ab.challenge_label"),
        ("binary", "text,other\nthe room,good\na stay,bad\n", "ab.challenge_column"),
        ("binary", "text,label\nthe room,good\n", "ab.challenge_rows"),
        ("number", "text,label\nthe room,good\na stay,1\n", "ab.challenge_label"),
    ],
)
def test_files_that_are_refused(kind: str, text: str, code: str, tmp_path: Path) -> None:
    ref = data(tmp_path, kind)
    with pytest.raises(DataError) as caught:
        file_exam(ref, write(tmp_path / "hard.csv", text))
    assert caught.value.code == code and caught.value.message


def test_answers_are_kept_and_known_by_their_rows(trained: Any, tmp_path: Path) -> None:
    made: Trained = trained("binary")
    exam = split_exam(made.book.data, "validation")
    run = Run(tmp_path / "run")
    asked = []
    given = np.random.default_rng(0).normal(size=(len(exam.rows), 2)).astype(np.float32)

    def model() -> Any:
        asked.append(1)
        return SimpleNamespace(logits=lambda rows, progress: given)

    assert kept_logits(run, exam) is None
    for _ in range(2):
        assert (logits_of(run, exam, model) == given).all()
    assert len(asked) == 1
    other = split_exam(made.book.data, "test")
    moved = type(exam)(exam.name, exam.place, other.rows, other.key)
    assert kept_logits(run, moved) is None, "other rows in the same place"
    path = run.path / "validation" / "logits.npz"
    path.write_bytes(path.read_bytes()[:50])
    assert (logits_of(run, exam, model) == given).all() and len(asked) == 2
    assert not list(run.path.rglob("*.part"))
