"""A label, a blank and the text; numbered lines, columns of numbers and tables are none of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import small

from tunebook.data.exports import find_format
from tunebook.data.files import members
from tunebook.data.load import load_table
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.data.preview import Preview
from tunebook.data.read import read


@pytest.mark.parametrize(
    "names", [{"good": "1", "bad": "0"}, {"good": "ABBR:exp", "bad": "DESC:manner"}, {"good": "1", "bad": "-1"}]
)
def test_labels_stand_first(names: dict[str, str], tmp_path: Path) -> None:
    rows = [(names[label], text) for text, label in small.texts(80)]
    path = tmp_path / "train.txt"
    path.write_text("".join(f"{label} {text}\n" for label, text in rows), encoding="utf-8")
    source = read(path)
    assert list(zip(source.table["label"].to_pylist(), source.table["text"].to_pylist(), strict=True)) == rows
    assert source.rows.tolist() == list(range(1, 81))
    ref = prepare([path], tmp_path / "data")
    assert set(ref.labels.names) == set(names.values()) and load_table(ref).num_rows == 80


def test_a_line_that_begins_otherwise_later_on_is_faulty(tmp_path: Path) -> None:
    lines = [f"{number % 2} {text}" for number, (text, _) in enumerate(small.texts(230))]
    lines[220] = "no label here"
    (tmp_path / "a.txt").write_text("\n".join(lines), encoding="utf-8")
    source = read(tmp_path / "a.txt")
    assert source.faults == {"ragged": {221: "1"}} and source.table.num_rows == 229


@pytest.mark.parametrize(
    "line",
    [
        "{number} {text}",  # numbers of lines
        "{text}",
        "{half},{text}",
        "{half}\t{text} and more",
        "{half} 0.5 0.25 7",  # columns of numbers
        "{half} 3:0.5 7:0.25 words:1",  # features of SVMlight
        "USER: {text}",
        "1 {text}",  # one label only
    ],
)
def test_what_is_none(line: str, tmp_path: Path) -> None:
    texts = enumerate(small.texts(40), start=1)
    lines = [line.format(number=number, half=number % 2, text=text) for number, (text, _) in texts]
    path = tmp_path / "a.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    found = find_format(Preview(path, members(path), DataOptions()))
    assert found is None or found.key != "label_first"
