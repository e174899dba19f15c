"""Whatever a file holds, both ways to cut it give the same rows or error, and those of Python's csv and json."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tunebook.core.errors import DataError
from tunebook.data import delimited
from tunebook.data import lines as module
from tunebook.data.encoding import decode
from tunebook.data.jsons import read_jsonl
from tunebook.data.lines import Lines
from tunebook.data.options import DataOptions
from tunebook.data.read import read

HERE = Path("file.csv")
# Pieces of files that are not well-formed; no backslash, which has a meaning of its own (`quoting.protected`).
ODD = (
    "a",
    "b",
    " ",
    "é",
    "好",
    ",",
    ",",
    "，",
    "\t",
    '"',
    '"',
    '""',
    "\n",
    "\n",
    "\r\n",
    "\r",
    "\0",
    "\x1e",
    "\x1eend of file\x1e",
)
ODDER = ("\x1f", "\x0b", "\x1a", "\x85", "\u2028", "\u3000", "\ufeff", "\ue101", "x,y\n", '"p,q\nr"', "\n\n", " \n")
TEXT = st.lists(st.sampled_from(ODD + ODDER), max_size=16).map("".join)
CELL = st.text(st.characters(codec="gb18030", exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n",;'), max_size=6)


class ThroughCsv(Lines):
    """Lines of which none is cut the fast way."""

    def holding(self, mark: bytes) -> Any:
        return np.flatnonzero(self.filled())


def cut(data: bytes, delimiter: str, header: bool) -> tuple[Any, ...]:
    """All that a file is found to be, or the error with its line."""
    options = DataOptions(delimiter=delimiter, quotes="csv", header=header)
    try:
        found = delimited.read_delimited(data, HERE, "csv", options, labelled=False)
    except DataError as error:
        return error.code, error.message
    return found.table.to_pydict(), found.rows.tolist(), found.ragged, found.opened, found.aside, found.read


def decoded(text: str) -> bytes:
    try:
        return decode(text.encode(), HERE).data
    except DataError as error:
        assume(error.code not in ("data.binary", "data.encoding"))
        raise


def by_csv(data: bytes) -> list[tuple[int, list[str]]] | None:
    """Line numbers and cells of rows with more than white space; None where a quote is not as it should be."""
    reader, found, line = csv.reader((f"{line}\n" for line in data.decode().split("\n")), strict=True), [], 1
    try:
        for row in reader:
            found += [(line, row)] * any(cell.strip() for cell in row)
            line = reader.line_num + 1
    except csv.Error:
        return None
    return found


@settings(deadline=None, max_examples=60)
@given(TEXT, st.sampled_from(",\t;，"), st.booleans(), st.sampled_from([1, 7, 1 << 22]))
def test_the_fast_way_is_that_of_the_csv_module(text: str, delimiter: str, header: bool, block: int) -> None:
    """Wherever the parts of the file end that are cut at once."""
    data = decoded(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "Lines", ThroughCsv)
        slow = cut(data, delimiter, header)
        patch.undo()
        patch.setattr(module, "_BLOCK", block)
        assert cut(data, delimiter, header) == slow


@settings(deadline=None, max_examples=80)
@given(TEXT)
def test_a_file_that_the_csv_module_reads_is_read_as_it_does(text: str) -> None:
    data = decoded(f"text,label\n{text}")
    told = by_csv(data)
    assume(told is not None and len(told) > 1)
    found = cut(data, ",", True)
    if len(found) == 2:
        assert found[0] in ("data.header_only", "data.quote") and (
            found[0] == "data.header_only" or text.count("\n") > 1
        )
        return
    columns, numbers, ragged, opened, aside, count = found
    rows = dict(told[1:])
    assert {line: len(row) for line, row in rows.items() if line in ragged} == ragged and not opened
    beside = {line for lines in aside.values() for line in lines}
    wanted = {line: row for line, row in rows.items() if line not in beside | set(ragged)}
    got = {line: list(row) for line, row in zip(numbers, zip(*columns.values(), strict=True), strict=True)}
    assert got == wanted and count == len(rows)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "gb18030"]),
    st.integers(0, 3),
)
def test_encodings_and_ends_of_lines_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str]], end: str, encoding: str, blank: int
) -> None:
    feeds = sum(cell.count("\n") for row in table for cell in row)
    assume(end != "\r" or feeds <= len(table) + blank)
    assume(any(cell.strip() for row in table for cell in row))
    path = tmp_path_factory.mktemp("read") / "file.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *table])
        file.write(end * blank)
    options = DataOptions(encoding=encoding, delimiter=",", quotes="csv", header=True)
    try:
        found = read(path, options, labelled=False)
    except DataError as error:  # lines that look like rows, inside a cell of three lines or more
        assert error.code == "data.quote" and any(cell.count("\n") > 1 for row in table for cell in row)
        return
    heights = [1 + sum(cell.count("\n") for cell in row) for row in table]
    lines = np.cumsum([2, *heights[:-1]]).tolist()
    wanted = {line: row for line, row in zip(lines, table, strict=True) if any(cell.strip() for cell in row)}
    beside = {line for places in found.aside.values() for line in places}
    rows = zip(*(column.to_pylist() for column in found.table.columns), strict=True)
    assert dict(zip(found.rows.tolist(), rows, strict=True)) == {k: v for k, v in wanted.items() if k not in beside}


PIECE = st.sampled_from(["\u2028", "\x85", "\0", "\\u0000", "\\ud800", "\ue101", "好", "a"]).map(
    lambda one: f'{{"t": "{one}"}}'
)
LINE = PIECE | st.sampled_from(
    ['{"t": 1}', '{"t": null}', '{"t": 1, "t": 2}', "", " ", "\t", "{", "[1]", '"t"', '{"t": 1} x', "\ufeff"]
)


@settings(deadline=None, max_examples=60)
@given(st.lists(LINE, max_size=8), st.sampled_from(["\n", "\r\n", "\r"]), st.integers(0, 2))
def test_lines_of_json_are_read_as_python_does(lines: list[str], end: str, blank: int) -> None:
    assume(any(line.strip() for line in lines))
    data = decoded((end.join(lines) + end * blank).removeprefix("\ufeff"))
    text, wanted, wrong = data.decode(), {}, 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip(" \t\n\r") and not wrong:
            try:
                value = json.loads(line)
                wanted[number] = value["t"] if isinstance(value, dict) else 1 / 0
            except (ValueError, ZeroDivisionError):
                wrong = number
    if wrong:
        with pytest.raises(DataError, match=f"line {wrong},") as caught:
            read_jsonl(data, HERE)
        assert caught.value.code == "data.json"
        return
    cells = read_jsonl(data, HERE)
    assert cells.rows.tolist() == [*wanted]
    assert [*map(told, cells.table["t"].to_pylist())] == [*map(told, wanted.values())] if wanted else True


def told(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode().replace("\ufffd", "?")


MANY = "".join(f"une soirée très réussie à l'hôtel {n},{'bon' if n % 2 else 'mal'}\n" for n in range(30)).encode()


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b'text,label\n"one\ntw\xffo\nthree",bon\n' + MANY, [2]),  # in a later line of a cell
        (b"text,label\none\nodd\xff\n" + MANY, []),  # a row of another width, beside which none is at fault
        ((b"text,label\n" + MANY + b"las\xfft,bon\n").replace(b"\n", b"\r"), [32]),
    ],
)
def test_broken_characters_set_aside_the_row_that_has_them(tmp_path: Path, data: bytes, lines: list[int]) -> None:
    (tmp_path / "file.csv").write_bytes(data)
    found = read(tmp_path / "file.csv")
    assert [*found.faults["undecodable"]] == lines and found.table.num_rows == 30


def test_rows_of_a_json_document_are_no_lines(tmp_path: Path) -> None:
    rows = [{"text": f"une soirée très réussie {n}", "label": "bon"} for n in range(20)]
    data = json.dumps(rows, ensure_ascii=False, indent=1).encode().replace(b"ussie 11", b"ussie \xff11")
    (tmp_path / "file.json").write_bytes(data)
    found = read(tmp_path / "file.json")
    assert found.faults["undecodable"] == {12: ""} and 12 not in found.rows and found.table.num_rows == 19


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_line_of_what_is_in_no_encoding(tmp_path: Path, encoding: str, end: str) -> None:
    wrong = b"\xff" if encoding == "utf-8" else b"\x00\xdc"
    text = end.join(["text,label", "上海,x", "上上,y", ""])  # whose second byte is a line feed in UTF-16
    (tmp_path / "file.csv").write_bytes(text.encode(encoding) + wrong + text.encode(encoding))
    with pytest.raises(DataError, match="line 4 "):
        read(tmp_path / "file.csv", DataOptions(encoding=encoding))


def test_excel_of_old_macs_breaks_lines_in_cells_with_line_feeds(tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_bytes(b'text,label\r"one\ntwo",x\rthree,y\rfour,x\r')
    found = read(tmp_path / "file.csv")
    assert found.table["text"].to_pylist() == ["one\ntwo", "three", "four"] and found.rows.tolist() == [2, 4, 5]
    (tmp_path / "other.csv").write_bytes(b"text,label\none\rtwo\rthree\rfour\rfive,x\nsix,y\n")
    found = read(tmp_path / "other.csv")  # ends of lines are those of the first line
    assert found.table["text"].to_pylist() == ["one two three four five", "six"]
