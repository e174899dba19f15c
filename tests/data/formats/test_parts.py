from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from tests import small

from tunebook.core.errors import DataError
from tunebook.data.exports import formats
from tunebook.data.load import load_table
from tunebook.data.prepare import prepare
from tunebook.data.preview import Preview
from tunebook.data.read import read


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def rows(start: int, count: int, label: str = "") -> list[list[str]]:
    return [[text, label or kind] for text, kind in small.texts(120)[start : start + count]]


def test_a_part_for_each_split(tmp_path: Path) -> None:
    """Pairs of text and label; a further part of a split joins it, and what is no part is told."""
    content = {
        "train": rows(0, 60), "val": rows(60, 10), "test": rows(70, 20), "oos_val": rows(90, 2, "oos"),
        "oos_test": rows(92, 6, "oos"), "oos_train": rows(98, 12, "oos"), "version": 3, "names": ["bad", "good", "oos"],
    }  # fmt: skip
    ref = prepare([write(tmp_path / "full.json", content)], tmp_path / "data")
    assert ref.rows == {"train": 72, "validation": 12, "test": 26}
    assert (ref.roles.text, ref.roles.label, ref.labels.names) == ("text", "label", ["bad", "good", "oos"])
    table = load_table(ref)
    assert set(table.filter(pc.equal(table["split"], "oos_test"))["_split"].to_pylist()) == {"test"}
    assert [item["fields"]["names"] for item in ref.stats["warnings"] if item["code"] == "parts_left"] == [
        "version, names"
    ]


def test_rows_that_are_objects(tmp_path: Path) -> None:
    objects = {name: [{"text": text, "label": label} for text, label in rows(start, count)] for name, start, count in (
        ("train", 0, 60), ("dev", 60, 20))}  # fmt: skip
    ref = prepare([write(tmp_path / "x.json", objects)], tmp_path / "data")
    assert ref.rows["validation"] == 20 and ref.rows["train"] + ref.rows["test"] == 60, "the test rows are drawn"


@pytest.mark.parametrize(
    "content",
    [
        {"train": [["a", "b"]]},
        {"val": [["a", "b"]], "test": [["a", "b"]]},
        {"text": ["a", "b"], "label": ["x", "y"]},
        {"train": ["a", "b"], "test": ["x", "y"]},
        [{"train": [["a", "b"]], "test": [["a", "b"]]}],
        {"train": 5, "test": [["a", "b"]]},
    ],
)
def test_what_has_no_parts_is_left_to_others(content: Any, tmp_path: Path) -> None:
    from tunebook.data.files import members
    from tunebook.data.options import DataOptions

    path = write(tmp_path / "x.json", content)
    (parts,) = (item for item in formats() if item.key == "parts")
    assert not parts.fits(Preview(path, members(path), DataOptions()))


def test_rows_of_another_shape_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="test: no list of rows") as caught:
        read(write(tmp_path / "x.json", {"train": rows(0, 9), "test": [["a", "b"], "c"]}))
    assert caught.value.code == "data.json"


def test_a_broken_file_is_told_as_any_other(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"train": [["a", "b"]], "test": [["a"', encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.code == "data.json"
