"""Exams: the rows of a split, rows of a file, and answers that are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests import small
from tests.ab_book import exam as asked_of
from tests.books import Trained
from tunebook.abtest.exam import file_exam, kept_logits, logits_of, split_exam
from tunebook.core.errors import DataError
from tunebook.data.frozen import open_data
from tunebook.data.prepare import prepare
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


def test_rows_may_belong_to_groups(tmp_path: Path) -> None:
    records = [{**row, "user": f"u{number // 6}"} for number, row in enumerate(small.records("binary", 120))]
    lines = ["text,label,user", *(f'"{row["text"]}",{row["label"]},{row["user"]}' for row in records)]
    file = write(tmp_path / "rows.csv", "\n".join(lines))
    ref = prepare([file], tmp_path / "data", small.options("binary").model_copy(update={"group": "user"}))
    found = split_exam(ref, "validation")
    assert found.groups is not None and found.groups.shape == (len(found.rows),)
    users = found.rows.other["user"]
    assert found.count == len(set(users)) > 1
    assert len(set(zip(users, found.groups.tolist(), strict=True))) == found.count
    (tmp_path / "other").mkdir()
    alone = split_exam(data(tmp_path / "other", "binary"), "validation")
    assert alone.groups is None and alone.count == 0


def test_the_rows_of_a_file_are_known_by_their_content(tmp_path: Path) -> None:
    ref = data(tmp_path, "binary")
    made = [
        file_exam(ref, write(tmp_path / name, "text,label\nthe room,good\na stay,bad\n")) for name in ("a.csv", "b.csv")
    ]
    assert [item.name for item in made] == ["a.csv", "b.csv"] and made[0].place.startswith("challenges/")
    assert made[0].key == made[1].key
    other = file_exam(ref, write(tmp_path / "a.csv", "text,label\nthe room,good\na stay,good\n"))
    assert other.key != made[0].key and other.targets.tolist() == [1, 1]


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


def test_answers_that_fit_no_row_are_given_anew(tmp_path: Path) -> None:
    exam = asked_of(30)
    given = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    run = Run(tmp_path)
    assert (logits_of(run, exam, lambda: SimpleNamespace(logits=lambda rows, progress: given)) == given).all()
    path = tmp_path / "validation" / "logits.npz"
    whole = path.read_bytes()
    for wrong in (given[:3], given[:, :1], given[:, 0], given.astype(str), given.astype(int)):
        np.savez_compressed(path, logits=wrong, key=np.array(exam.key))
        assert kept_logits(run, exam) is None
    draw = np.random.default_rng(1)
    contents = [whole[:place] for place in (0, 1, 30, len(whole) // 2, len(whole) - 1)]
    for place in draw.integers(len(whole), size=200):
        contents.append(whole[:place] + bytes([int(draw.integers(256))]) + whole[place + 1 :])
    for content in contents:
        path.write_bytes(content)
        found = kept_logits(run, exam)
        assert found is None or (found == given).all()
    with path.open("wb") as stream:
        np.save(stream, given)
    assert kept_logits(run, exam) is None
    path.unlink()
    path.mkdir()
    assert kept_logits(run, exam) is None


def test_answers_to_several_labels_and_to_numbers() -> None:
    asked = asked_of(30)
    several, number = (
        replace(asked, rows=replace(asked.rows, targets=np.zeros(shape, np.float32))) for shape in ((30, 3), 30)
    )
    assert several.fits(np.zeros((30, 3))) and not several.fits(np.zeros((30, 2)))
    assert number.fits(np.zeros((30, 1))) and not number.fits(np.zeros((29, 1)))
