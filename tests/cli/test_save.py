"""Predictions in files of other programs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tunebook.cli.answers import check_out, flat, save, save_files
from tunebook.core.errors import TunebookError
from tunebook.core.hooks import Writer

ROWS = [
    {"text": "=1+1", "n": 3, "label": "好", "score": 0.75, "scores": {"好": 0.75, "坏": 0.25}},
    {"text": "a,b\n\x07c", "n": None, "label": ["x", "y"], "score": 0.5, "scores": {}},
]
COLUMNS = ["text", "n", "label", "score", "score 好", "score 坏"]


def test_flat() -> None:
    names, lines = flat(ROWS)
    assert names == COLUMNS
    assert lines[0] == ["=1+1", 3, "好", 0.75, 0.75, 0.25] and lines[1][2] == "x | y" and lines[1][4] is None


@pytest.mark.parametrize(("ending", "delimiter"), [(".csv", ","), (".tsv", "\t")])
def test_separated(tmp_path: Path, ending: str, delimiter: str) -> None:
    path = tmp_path / f"a{ending}"
    save(ROWS, path)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.reader(stream, delimiter=delimiter))
    assert lines[0] == COLUMNS and lines[1] == ["'=1+1", "3", "好", "0.75", "0.75", "0.25"]
    assert lines[2][:3] == ["a,b\n\x07c", "", "x | y"]


@pytest.mark.parametrize("heading", ["=cmd|' /C calc'!A0", "+1", "-x", "@sum", "＝1", "\tx"])
def test_headings_are_made_harmless_like_cells(tmp_path: Path, heading: str) -> None:
    """Columns of a file and names of classes become headings."""
    from openpyxl import load_workbook

    rows = [{heading: heading, "scores": {"a": 0.5}}]
    for ending, delimiter in ((".csv", ","), (".tsv", "\t")):
        save(rows, tmp_path / f"a{ending}")
        with (tmp_path / f"a{ending}").open(encoding="utf-8-sig", newline="") as stream:
            lines = list(csv.reader(stream, delimiter=delimiter))
        assert lines == [[f"'{heading}", "score a"], [f"'{heading}", "0.5"]]
    save(rows, tmp_path / "a.xlsx")
    sheet = load_workbook(tmp_path / "a.xlsx").active
    for cell in (sheet["A1"], sheet["A2"]):
        assert (cell.value, cell.data_type, cell.quotePrefix) == (heading, "s", True)
    assert not sheet["B1"].quotePrefix


def test_json_lines_keep_everything(tmp_path: Path) -> None:
    save(ROWS, tmp_path / "a.jsonl")
    assert [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()] == ROWS


def test_workbook(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    save(ROWS, tmp_path / "a.xlsx")
    sheet = load_workbook(tmp_path / "a.xlsx").active
    cells = list(sheet.iter_rows(values_only=True))
    assert list(cells[0]) == COLUMNS and cells[1] == ("=1+1", 3, "好", 0.75, 0.75, 0.25)
    assert sheet["A2"].data_type == "s" and sheet["A3"].value == "a,b\nc"


def test_parquet(tmp_path: Path) -> None:
    from pyarrow import parquet

    save(ROWS, tmp_path / "a.parquet")
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.column_names == COLUMNS and table["score 坏"].to_pylist() == [0.25, None]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("mine")
    for action in (lambda: check_out(path, {}), lambda: save(ROWS, path)):
        with pytest.raises(TunebookError, match=r"cli\.out_exists"):
            action()
    assert path.read_text() == "mine"


def test_a_place_that_cannot_be_is_refused_early(tmp_path: Path) -> None:
    with pytest.raises(TunebookError, match=r"cli\.out_folder"):
        check_out(tmp_path / "no" / "a.csv", {})
    with pytest.raises(TunebookError, match=r"cli\.option"):
        check_out(tmp_path / "a.docx", {})


LINES = Writer(
    ".lines",
    lambda texts, answers: {
        "": "".join(f"{text}: {len(answer)}\n" for text, answer in zip(texts, answers, strict=True))
    },
)
FOLDER = Writer("", lambda texts, answers: {f"{place}.txt": text for place, text in enumerate(texts)})
OWN = {"lines": LINES, "folder": FOLDER}


def test_formats_of_a_task_are_chosen_by_ending_or_by_name(tmp_path: Path) -> None:
    assert check_out(tmp_path / "a.csv", OWN) is None
    assert check_out(tmp_path / "a.LINES", OWN) is LINES
    assert check_out(tmp_path / "a", OWN, "folder") is FOLDER
    assert check_out(tmp_path / "a.csv", OWN, "lines") is LINES
    with pytest.raises(TunebookError, match=r"cli\.option") as caught:
        check_out(tmp_path / "a", OWN)
    assert caught.value.allowed.endswith(".parquet | .lines | FOLDER --as folder")
    with pytest.raises(TunebookError, match=r"cli\.option") as caught:
        check_out(tmp_path / "a.csv", OWN, "other")
    assert caught.value.allowed == "lines | folder"


def test_formats_of_a_task_are_one_file_or_a_new_folder(tmp_path: Path) -> None:
    one, many = tmp_path / "a.lines", tmp_path / "many"
    save_files(LINES.write(["a", "b"], [{}, {"label": 1}]), one, LINES)
    assert one.read_text("utf-8") == "a: 0\nb: 1\n"
    save_files(FOLDER.write(["a", "b"], [{}, {}]), many, FOLDER)
    assert {path.name: path.read_text("utf-8") for path in many.iterdir()} == {"0.txt": "a", "1.txt": "b"}
    for place, writer in ((one, LINES), (many, FOLDER)):
        with pytest.raises(TunebookError, match=r"cli\.out_exists"):
            save_files({"": ""}, place, writer)


def test_lists_of_records_are_json_in_a_cell() -> None:
    assert flat([{"spans": [{"start": 0, "label": "LOC"}]}, {"spans": []}])[1] == [
        ['[{"start": 0, "label": "LOC"}]'],
        ["[]"],
    ]


def test_a_column_of_records_that_are_all_empty_holds_empty_lists() -> None:
    rows = [{"text": "a", "spans": []}, {"text": "b", "spans": []}]
    assert flat(rows, frozenset({"spans"}))[1] == [["a", "[]"], ["b", "[]"]]
    assert flat(rows)[1] == [["a", ""], ["b", ""]], "several labels of a row, none of them"
