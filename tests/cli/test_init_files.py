"""tunebook init on files as people export them: where the heading stands, what is no row, which word is needed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from tests.cli.conftest import Call, Result

Init = Callable[..., Result]
ROWS = [f"the {'great' if n % 2 else 'awful'} room number {n} was seen on day {n % 27 + 1}" for n in range(60)]
KINDS = ["good" if n % 2 else "bad" for n in range(60)]


@pytest.fixture
def init(tunebook: Call, model: Path, tmp_path: Path) -> Init:
    """Make a book of a file of this text, or of this workbook, and give what --json prints."""

    def make(content: str | Workbook, *words: str) -> Result:
        path = tmp_path / ("rows.csv" if isinstance(content, str) else "rows.xlsx")
        path.write_text(content, encoding="utf-8") if isinstance(content, str) else content.save(path)
        count = len(list(tmp_path.glob("book*")))
        book, told = tmp_path / f"book{count}", (*words, "--allow-unknown-tokens", "--json")
        return tunebook("init", book, "--data", path, "--model", model, *told)

    return make


def table(top: str, row: str, bottom: str = "", **more: list[Any]) -> str:
    columns = {"text": ROWS, "kind": KINDS, **more}
    lines = [row.format(**dict(zip(columns, cells, strict=True))) for cells in zip(*columns.values(), strict=True)]
    return top + "\n".join(lines) + "\n" + bottom


def sheet(*top: list[Any], bottom: tuple[list[Any], ...] = ()) -> Workbook:
    book = Workbook()
    for row in (*top, *([text, kind] for text, kind in zip(ROWS, KINDS, strict=True)), *bottom):
        book.active.append(row)
    return book


QUESTION = "Please tell us in a few words what you liked or disliked about the room that you stayed in"


@pytest.mark.parametrize(
    ("content", "heading", "dropped"),
    [
        (table(f"Timestamp,{QUESTION},Category\n", "2024/05/01,{text},{kind}"), 1, {}),
        (table("sep=;\ntext;label\n", "{text};{kind}"), 2, {}),
        (table("Export of rooms,\ntext,label\n", "{text},{kind}"), 2, {"title": 1}),
        (table("text,label\n", "{text},{kind}", "text,label\n"), 1, {"heading_again": 1}),
        (table("text,label\n", "{text},{kind}", "Total,60\n"), 1, {"total": 1}),
        (table("room,room\ntext,label\n", "{text},{kind}"), 2, {"title": 1}),
        (table('text,label\nwhat was written,"the kind, see guide"\n', "{text},{kind}"), 1, {"description": 1}),
        (table("", "{text},{kind}"), None, {}),
        (table(',"text","label"\n', '{n},"{text}","{kind}"', n=list(range(60))), 1, {}),
        (table('"text";"label"\n', '"{n}";"{text}, \\"so\\"";"{kind}"', n=list(range(60))), 1, {}),
        (sheet(["Rooms"], [], ["text", "label"], bottom=(["Total", 60],)), 3, {"title": 1, "total": 1}),
        (sheet(["text", "label"], bottom=([], ["bad", "a room one leaves"], ["a note", None])), 1, {"legend": 2}),
    ],
)
def test_the_heading_is_found_and_what_is_no_row_is_told(init: Init, content: Any, heading: int, dropped: Any) -> None:
    done = init(content)
    assert done.code == 0, done.err
    data = done.json
    assert data["header_row"] == heading and data["dropped"] == dropped
    assert data["rows_kept"] == 60 and data["problem"] == "single_label"
    told = [item["fields"]["reason"] for item in data["warnings"] if item["code"] == "aside"]
    assert sorted(told) == sorted(dropped)


def test_a_first_row_of_a_class_of_its_own_is_data(init: Init) -> None:
    done = init(table("the odd room number 7 was seen on day 3,odd\n", "{text},{kind}"))
    assert done.code == 0 and done.json["rows_kept"] == 61 and done.json["header_row"] is None


def test_a_column_that_names_the_split_is_told_and_used(init: Init) -> None:
    rows = table("text,label,split\n", "{text},{kind},{part}", part=["train"] * 40 + ["dev"] * 10 + ["test"] * 10)
    drawn = init(rows).json
    assert [w["fields"]["column"] for w in drawn["warnings"] if w["code"] == "split_column"] == ["split"]
    assert drawn["rows"] != {"train": 40, "validation": 10, "test": 10}
    assert init(rows, "--split-column", "split").json["rows"] == {"train": 40, "validation": 10, "test": 10}
    wrong = init(rows, "--split-column", "label")
    assert wrong.code == 2 and wrong.json["error"]["code"] == "data.split_column"


@pytest.mark.parametrize(
    "times",
    [
        [f"{n % 28 + 1:02}/{n % 2 + 1:02}/2024" for n in range(60)],
        [f"{('Jan', 'Feb')[n % 2]} {n % 28 + 1:02} 2024" for n in range(60)],
        [f"2024-{n % 2 + 1:02}-{n % 28 + 1:02} 0{n % 9 + 1}:04 PM" for n in range(60)],
        [str(1_704_067_200_000 + n * 86_400_000) for n in range(60)],
    ],
)
def test_times_of_all_usual_forms_split_the_rows(init: Init, times: list[str]) -> None:
    done = init(table("text,label,date\n", "{text},{kind},{when}", when=times), "--split-by", "time")
    assert done.code == 0 and done.json["rows_kept"] == 60, done.err


def test_times_of_no_known_form_are_refused_with_the_forms(init: Init) -> None:
    done = init(table("text,label,date\n", "{text},{kind},{n} days ago", n=list(range(60))), "--split-by", "time")
    error = done.json["error"]
    assert done.code == 2 and error["code"] == "data.time_forms" and "31/01/2025" in error["allowed"]


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (
            lambda page: page.row_dimensions.__getitem__(5).__setattr__("hidden", True),
            "data.hidden",
            ["--hidden", "keep"],
        ),
        (
            lambda page: [page.cell(row, 2).__setattr__("value", None) for row in range(3, 62) if row != 33],
            "data.blocks",
            ["--fill-down", "label"],
        ),
        (lambda page: [page.cell(row, 2).__setattr__("value", "=A1") for row in range(2, 62)], "data.formulas", None),
        (lambda page: page.parent.create_sheet("Ann").append(["more", "rows"]), "data.sheets", ["--sheet", "Sheet"]),
    ],
)
def test_a_sheet_that_is_unclear_names_the_word_that_is_needed(init: Init, spoil: Any, code: str, words: Any) -> None:
    book = sheet(["text", "label"])
    spoil(book.active)
    done = init(book)
    error = done.json["error"]
    assert done.code == 2 and error["code"] == code
    if words:
        assert words[0] in error["advice"]
        assert init(book, *words).code == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("[" * 10_000 + "]" * 10_000, "data.json"),
        ('{"text": "a", "label": ' + "[" * 70 + "]" * 70 + "}", "data.json"),
        (f"text,label\n{'x' * 140_000},a\n{'y' * 140_000},b\n", "data.few_rows"),
    ],
)
def test_odd_content_is_refused_with_a_word_of_its_own(init: Init, content: str, code: str) -> None:
    done = init(content, "--format", "json") if content[0] in "[{" else init(content)
    assert done.code == 2 and done.json["error"]["code"] == code


def test_a_heading_with_names_of_any_length_and_number(init: Init) -> None:
    names = ",".join(["n" * 300, *["again"] * 40])
    done = init(table(f"text,label,{names}\n", "{text},{kind}" + ",1" * 41))
    assert done.code == 0 and [w["code"] for w in done.json["warnings"] if w["code"] == "repeated"] == ["repeated"]


def test_a_pipe_is_no_file(tunebook: Call, model: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rows.csv")
    done = tunebook("init", tmp_path / "book", "--data", tmp_path / "rows.csv", "--model", model, "--json")
    assert done.code == 2 and done.json["error"]["code"] == "data.pipe"


def test_a_book_in_the_present_folder(
    tunebook: Call, rows: Path, model: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    done = tunebook("init", ".", "--data", rows, "--model", model)
    assert done.code == 0 and (tmp_path / "here" / "book.toml").is_file()


def test_classes_that_a_sheet_made_dates_of(init: Init) -> None:
    rows = table("text,label\n", "{text},{day}", day=["2025-03-04" if n % 2 else "2025-05-06" for n in range(60)])
    done = init(rows)
    assert done.code == 2 and done.json["error"]["code"] == "data.label_dates"
    assert init(rows, "--label-name", "2025-03-04=3-4", "--label-name", "2025-05-06=5-6").code == 0
