"""Tables, facts and warnings at 40, 60, 80 and 120 columns, in two languages: no word is broken where it has room."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tunebook.cli.answer import console, facts, grid, prose, warn
from tunebook.cli.layout import Facts, below, hanging, widths, wrap
from tunebook.core.messages import columns_of

WIDTHS = pytest.mark.parametrize("width", [40, 60, 80, 120])
HEADINGS = ("Row", "Value", "Why")
ENGLISH = [
    ("gradient_accumulation_steps", "1", "sixteen rows fit into memory at once, says an estimate after the formula"),
    ("learning_rate", "0.0001", "narrow encoder (384 wide): 3e-5 to 3e-4 are usual for such; a rate of 1e-4 gave .88"),
]
CHINESE = [
    (
        "learning_rate",
        "0.0001",
        "窄编码器通常用 3e-5 到 3e-4；用 MiniLM 在 SST-2 上以 1e-4 得到 0.88，仅一个种子。",
    ),
    ("早停耐心", "5", "共 11 轮，每轮评估一次；小数据集噪声大，因此 early_stopping_patience 取得大一些。"),
]


def printed(item: object, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    console().print(item)
    return capsys.readouterr().out.splitlines()


def words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9_.-]+", text)


@WIDTHS
@pytest.mark.parametrize("rows", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_a_table(
    width: int, rows: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(grid(HEADINGS, rows, right=(1,)), width, monkeypatch, capsys)
    assert max(map(columns_of, lines)) <= width
    shown = [word for line in lines for word in words(line)]
    assert {word for row in rows for cell in row for word in words(cell)} <= set(shown)
    characters = [char for char in "".join(lines) if char > "\u2e80"]
    assert sorted(characters) == sorted(char for row in rows for cell in row for char in cell if char > "\u2e80")
    assert not any(line.lstrip().startswith(("，", "。", "；", "、")) for line in lines)


@WIDTHS
@pytest.mark.parametrize("rows", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_facts_and_warnings(
    width: int, rows: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(Facts([(row[0], row[2]) for row in rows]), width, monkeypatch, capsys)
    warn(console(), [row[2] for row in rows])
    lines += capsys.readouterr().out.splitlines()
    assert max(map(columns_of, lines)) <= width
    shown = [word for line in lines for word in words(line)]
    for row in rows:
        for word in words(row[2]):
            assert shown.count(word) >= 2, word


def test_columns_side_by_side_while_there_is_room(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert printed(grid(("A", "n"), [("x", 1), ("yy", 22)], right=(1,)), 40, monkeypatch, capsys) == [
        "A     n", "───────", "x     1", "yy   22",
    ]  # fmt: skip
    assert printed(grid(("Name", "Much"), [("a" * 14, "b" * 14)]), 20, monkeypatch, capsys) == [
        "a" * 14, "  Much:", "    " + "b" * 14,
    ]  # fmt: skip
    assert printed(Facts([("name", "some words that follow it")]), 24, monkeypatch, capsys) == [
        "name", "  some words that follow", "  it",
    ]  # fmt: skip


def test_a_path_is_never_broken(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    page = Path("a book/tests/20260101-000000-0123456789ab/report.html")
    console().print(facts([("run", "some words that go on and on in a line"), ("report", page), ("n", 3)]))
    assert capsys.readouterr().out.splitlines() == [
        "run     some words that go on and on in", "        a line", f"report  {page}", "n       3",
    ]  # fmt: skip


def test_who_gets_what_is_left() -> None:
    assert widths([5, 9], [3, 3], 20) == [5, 9]
    assert widths([4, 40, 60], [4, 5, 5], 40) == [4, 18, 18]
    assert widths([6, 40], [4, 5], 30) == [6, 24]
    assert widths([10, 10], [8, 8], 12) is None


def test_what_says_nothing_is_left_out_below() -> None:
    assert below(("a", "1", ""), ("name", "now", "why"), 40) == "a\n    now: 1"


def test_lines() -> None:
    assert wrap("一个 word，and more", 8) == ["一个", "word，", "and more"]
    assert wrap("abcdefghij kl", 4) == ["abcd", "efgh", "ij", "kl"]
    assert wrap("中文字", 1) == ["中", "文", "字"], "a character that has no room stands alone"
    assert wrap("", 5) == []
    assert hanging("one two three", 7) == ["one", "  two", "  three"]


@WIDTHS
def test_sentences_break_between_words_and_no_bracket_opens_at_the_end_of_a_line(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = "方法一（arXiv:2106.09685）；方法二（Liu 等）；“归纳”《论文》（arXiv:2402.09353）！" * 4
    for first in (0, 2):
        prose(console(), text, first=first)
        lines = capsys.readouterr().out.splitlines()
        assert max(map(columns_of, lines)) <= width and "".join(line.strip() for line in lines).replace(" ", "") == (
            text.replace(" ", "")
        )
        assert not [line for line in lines if line[-1] in "（《“" or line.strip()[0] in "）；》”！"]
        assert all("arXiv:2" in line or "arXiv" not in line for line in lines)


def test_an_opening_bracket_alone_is_a_word() -> None:
    assert wrap("一 （", 10) == ["一 （"] and wrap("“", 10) == ["“"]


def test_no_columns_and_no_colours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    assert console().width == 80
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    console().print("plain", style="bold red")
    assert capsys.readouterr().out == "plain\n"
