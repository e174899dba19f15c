"""Exams: the rows of a split, and rows of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import small
from tunebook.core.errors import DataError
from tunebook.data.frozen import open_data
from tunebook.data.prepare import prepare
from tunebook.verbs.abtest.exams import file_exam, split_exam


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


def test_a_file_without_any_place_says_nothing_of_a_tagger(tmp_path: Path) -> None:
    conll = "".join(f"{number}\tO\nAda\tB-PER\n\n" for number in range(60))
    ref = prepare([write(tmp_path / "rows.conll", conll)], tmp_path / "data")
    assert len(file_exam(ref, write(tmp_path / "a.conll", conll)).rows) == 60
    with pytest.raises(DataError) as caught:
        file_exam(ref, write(tmp_path / "none.conll", conll.replace("B-PER", "O")))
    assert caught.value.code == "outside.no_spans" and "none.conll" in caught.value.message


def test_the_rows_of_a_file_are_known_by_their_content(tmp_path: Path) -> None:
    ref = data(tmp_path, "binary")
    made = [
        file_exam(ref, write(tmp_path / name, "text,label\nthe room,good\na stay,bad\n")) for name in ("a.csv", "b.csv")
    ]
    assert [item.name for item in made] == ["a.csv", "b.csv"] and made[0].place.startswith("challenges/")
    assert made[0].key == made[1].key
    other = file_exam(ref, write(tmp_path / "a.csv", "text,label\nthe room,good\na stay,good\n"))
    assert other.key != made[0].key and other.targets.tolist() == [1, 1]
