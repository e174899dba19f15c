"""Rows of a new book: files, samples, objects, each for any split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import tunebook as tb
from tests import small
from tunebook.core.errors import DataError, TunebookError
from tunebook.verbs.init import SAMPLES, find_sources

ROWS = [{"text": text, "label": label} for text, label in small.texts(60)]


def frame(rows: list[dict[str, Any]] | None = None) -> pd.DataFrame:
    return pd.DataFrame(rows or ROWS)


@pytest.mark.parametrize(
    "data", [frame(), ROWS, iter(ROWS), [[row["text"], row["label"]] for row in ROWS], pa.Table.from_pylist(ROWS),
             {"text": [row["text"] for row in ROWS], "label": [row["label"] for row in ROWS]}, {"train": frame()}],
)  # fmt: skip
def test_objects_are_rows_to_train_on(data: Any, tmp_path: Path) -> None:
    found = find_sources(data)
    assert found.files == {} and found.names == {"train": ["sources/train.parquet"]}
    (path,) = found.stored(tmp_path)["train"]
    assert parquet.read_table(path).to_pylist() == ROWS


def test_parts_by_their_usual_names(tmp_path: Path) -> None:
    file = small.write_csv(tmp_path / "a.csv", 20)
    found = find_sources(
        {"train": [ROWS[0]], "oos_train": (ROWS[1],), "dev": frame(ROWS[:2]), "test": str(file), "more": None}
    )
    assert found.tables["train"].to_pylist() == ROWS[:2]
    assert found.files == {"test": [file]} and set(found.tables) == {"train", "validation"}
    assert found.names == {
        "train": ["sources/train.parquet"], "validation": ["sources/validation.parquet"], "test": [str(file.resolve())],
    }  # fmt: skip
    mixed = find_sources({"train": file, "oos_train": ROWS})
    assert mixed.stored(tmp_path)["train"] == [file, tmp_path / "sources" / "train.parquet"]
    assert mixed.names["train"] == [str(file.resolve()), "sources/train.parquet"]


def test_samples_and_files(tmp_path: Path) -> None:
    assert find_sources("sample:en").files["train"][0].name == SAMPLES["sample:en"]
    file = small.write_csv(tmp_path / "a.csv", 20)
    assert find_sources([file, str(file)]).files == {"train": [file, file]}
    with pytest.raises(DataError, match=r"sample:en \| sample:zh"):
        find_sources("sample:fr")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (None, "call.type"), (5, "call.type"), ([5], "call.type"), ({"train": 5}, "call.type"),
        ([["a", "b", "c"]], "call.type"),
        (["missing.csv"], "data.missing"), ({"test": ROWS}, "data.parts"),
        ({"train": ROWS, "wood": ROWS}, "data.parts"),
        ({"train": []}, "data.parts"), ([], "call.type"), (pd.DataFrame({"text": []}), "data.empty"),
        ({"train": ROWS, "dev": ROWS, "val": "rows.csv"}, "data.missing"),
    ],
)  # fmt: skip
def test_what_is_refused(data: Any, code: str) -> None:
    with pytest.raises(TunebookError) as caught:
        find_sources(data)
    assert caught.value.code == code and caught.value.message and caught.value.advice


def test_one_file_to_judge_by(tmp_path: Path) -> None:
    file = small.write_csv(tmp_path / "a.csv", 20)
    with pytest.raises(DataError) as caught:
        find_sources({"train": file, "validation": [file, file]})
    assert caught.value.code == "data.one_file"


def test_a_book_of_a_frame(base: Path, tmp_path: Path) -> None:
    """The rows stay in the book, from which the same book can be made again"""
    rows = [{**row, "n": place} for place, row in enumerate(ROWS)]
    book = tb.init(tmp_path / "book", frame(rows), model=base)
    assert book.file.sources == {"train": ["sources/train.parquet"]} and sum(book.data.rows.values()) == 60
    again = tb.init(tmp_path / "again", book.path / "sources" / "train.parquet", model=str(base))
    assert (again.data.content, again.data.rows) == (book.data.content, book.data.rows)
    listed = tb.init(tmp_path / "listed", (row for row in rows), model=base)
    assert listed.data.content == book.data.content
