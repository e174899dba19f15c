"""A file for each split in a package or a folder: a given split, with what is no part told."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import pyarrow.compute as pc
import pytest
from tests import small

from tunebook.core.errors import DataError
from tunebook.data.load import load_table
from tunebook.data.prepare import prepare
from tunebook.data.read import read

TEXTS = small.texts(120)


def table(start: int, count: int, names: Sequence[str] = ("text", "label")) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(names)
    writer.writerows(row[: len(names)] for row in TEXTS[start : start + count])
    return stream.getvalue()


def packed(path: Path, files: dict[str, str]) -> Path:
    with ZipFile(path, "w") as package:
        for name, text in files.items():
            package.writestr(name, text)
    return path


@pytest.mark.parametrize("folder", [False, True])
def test_a_file_for_each_split(folder: bool, tmp_path: Path) -> None:
    files = {"data/test.csv": table(60, 20), "data/train.csv": table(0, 60), "data/dev.csv": table(80, 10)}
    if folder:
        for name, text in files.items():
            (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "set" / name).write_text(text, encoding="utf-8")
    path = tmp_path / "set" if folder else packed(tmp_path / "set.zip", files)
    ref = prepare([path], tmp_path / "book")
    assert ref.rows == {"train": 60, "validation": 10, "test": 20}
    rows = load_table(ref)
    test = rows.filter(pc.equal(rows["_split"], "test"))
    assert set(test["text"].to_pylist()) == {text for text, _ in TEXTS[60:80]}


def test_what_has_no_label_and_what_is_no_split_is_left_and_told(tmp_path: Path) -> None:
    files = {
        "train.csv": table(0, 60), "test.csv": table(60, 20, ["text"]), "dev.csv": table(80, 10),
        "sample_submission.csv": "id,label\n1,good\n", "README.md": "about",
    }  # fmt: skip
    ref = prepare([packed(tmp_path / "set.zip", files)], tmp_path / "book")
    assert ref.rows["validation"] == 10 and sum(ref.rows.values()) == 70
    (told,) = [item["fields"]["names"] for item in ref.stats["warnings"] if item["code"] == "parts_left"]
    assert set(told.split(", ")) == {"test.csv", "sample_submission.csv", "README.md"}


def test_files_of_a_tool_and_faulty_rows(tmp_path: Path) -> None:
    lines = [f"__label__{label} {text}" for text, label in TEXTS]
    path = packed(tmp_path / "a.zip", {"train.txt": "\n".join(lines[:80]), "test.txt": "\n".join(lines[80:])})
    assert prepare([path], tmp_path / "one").rows["test"] == 40
    torn = table(60, 20) + "a,b,c,d\n"
    source = read(packed(tmp_path / "b.zip", {"train.csv": table(0, 60) + "x,y,z\n", "test.csv": torn}))
    assert source.table.num_rows == 80 and len(set(source.rows.tolist())) == 80
    assert len(source.faults["ragged"]) == 2 and not set(source.faults["ragged"]) & set(source.rows.tolist())
    named = packed(tmp_path / "c.zip", {
        f"{name}.json": json.dumps([{"text": text, "label": label, "split": "x"} for text, label in part])
        for name, part in (("train", TEXTS[:80]), ("test", TEXTS[80:]))
    })  # fmt: skip
    assert read(named).roles["split_column"] == "_split_of_rows"


@pytest.mark.parametrize(
    "names",
    [("train.csv", "more.csv"), ("dev.csv", "test.csv"), ("train.csv", "test.json"), ("a/train.csv", "train.csv")],
)
def test_other_packages_are_refused_as_before(names: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(packed(tmp_path / "a.zip", {name: table(0, 60) for name in names}))
    assert caught.value.code == "data.archive"
