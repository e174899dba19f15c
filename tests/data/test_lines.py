from __future__ import annotations

import numpy as np
import pytest

from tunebook.data import lines as module
from tunebook.data.lines import Lines


def cut(text: str, delimiter: str = ",", once: bool = False) -> dict[int, tuple[list[int], list[list[str]]]]:
    lines = Lines(text.encode())
    numbers = np.flatnonzero(lines.filled())
    return {
        len(columns): (mine.tolist(), [column.to_pylist() for column in columns])
        for mine, columns in lines.cells(numbers, delimiter, once)
    }


@pytest.mark.parametrize("text", ["", "\n", "a", "a\n", "\na\n\nb", "好，的\n\u3000\n \t\n\xa0x\n", "a\r\nb"])
def test_lines_are_those_of_split(text):
    lines = Lines(text.encode())
    assert [line.removesuffix("\n") for line in lines.texts.to_pylist()] == text.split("\n")
    assert lines.filled().tolist() == [bool(line.strip()) for line in text.split("\n")]
    assert len(lines) == len(text.split("\n"))


@pytest.mark.parametrize("delimiter", [",", "，", "\t", "\x1f"])
def test_cells_are_those_of_split(delimiter):
    rows = ["one{}two", "{}", "", "三{}{}四", "five", "six{}seven", "  {}", "eight{}nine{}ten"]
    text = "\n".join(row.replace("{}", delimiter) for row in rows)
    found = cut(text, delimiter)
    for number, line in enumerate(text.split("\n")):
        if line.strip():
            cells = line.split(delimiter)
            mine, columns = found[len(cells)]
            assert [column[mine.index(number)] for column in columns] == cells
    assert sum(len(mine) for mine, _ in found.values()) == sum(bool(line.strip()) for line in text.split("\n"))


def test_a_line_may_be_cut_once():
    assert cut("a b c\nd\ne f", " ", once=True) == {1: ([1], [["d"]]), 2: ([0, 2], [["a", "e"], ["b c", "f"]])}


def test_blocks_hold_every_line_once(monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 7)
    for text in ("", "a", "ab\ncd\nef\ngh\nij\n", "x" * 30 + "\ny\n\n" + "z" * 9):
        lines = Lines(text.encode())
        blocks = lines.blocks()
        assert [number for first, last in blocks for number in range(first, last)] == list(range(len(lines)))
        assert lines.starts.tolist() == [0, *(place + 1 for place, char in enumerate(text + "\n") if char == "\n")]


def test_lines_that_hold_a_byte():
    assert Lines(b'a\n"b", "c"\n\nd"\n').holding(b'"').tolist() == [1, 3]
    assert Lines(b'"').holding(b'"').tolist() == [0]
