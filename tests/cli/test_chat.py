"""tunebook chat: a turn a line, on the terminal and as JSON."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call
from tests.verbs.test_chat import written  # noqa: F401 - a fixture

from tunebook.cli.chat import Writing
from tunebook.core.errors import TunebookError
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run

Written = tuple[Book, Run]


def said(monkeypatch: pytest.MonkeyPatch, *lines: str, terminal: bool = False) -> None:
    """These lines on the standard input."""
    stream = io.StringIO("".join(f"{line}\n" for line in lines))
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", stream)


def test_lines_are_turns(written: Written, monkeypatch: pytest.MonkeyPatch, tunebook: Call) -> None:  # noqa: F811
    book, run = written
    said(monkeypatch, "swap a , b", "", "/reset", "swap a , b", "/exit", "never")
    told = tunebook("chat", book.path, "--max-new-tokens", "5")
    assert told.code == 0 and told.out and told.out == told.out[: len(told.out) // 2] * 2
    assert "forgotten" in told.err
    said(monkeypatch, "swap a , b", "again")
    records = tunebook("chat", run.path, "--json").lines
    assert [list(one) for one in records] == [["prompt", "answer", "tokens", "stopped"]] * 2
    assert [one["prompt"] for one in records] == ["swap a , b", "again"]


def test_what_there_was_no_room_for_is_told(
    written: Written,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tunebook: Call,
) -> None:
    said(monkeypatch, "swap a , b", "swap " + "the room " * 60, "/reset", "swap a , b")
    told = tunebook("chat", written[0].path, "--max-new-tokens", "4")
    assert told.err.count("first 2 turns") == 1 and told.err.count("its last 72 tokens") == 1


def test_bytes_that_are_no_text_end_no_conversation(
    written: Written,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tunebook: Call,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"swap \xff , b\nagain\n"), encoding="utf-8"))
    records = tunebook("chat", written[0].path, "--max-new-tokens", "3", "--json").lines
    assert [one["prompt"] for one in records] == ["swap \ufffd , b", "again"]


def test_a_terminal_is_told_how_to_leave(written: Written, monkeypatch: pytest.MonkeyPatch, tunebook: Call) -> None:  # noqa: F811
    said(monkeypatch, "swap a , b", terminal=True)
    monkeypatch.setattr("builtins.input", lambda shown: next(sys.stdin).rstrip("\n"))
    told = tunebook("chat", written[0].path, "--max-new-tokens", "3")
    assert "/exit" in told.err and told.code == 0 and told.out


def test_who_breaks_an_answer_off_goes_on(written: Written, monkeypatch: pytest.MonkeyPatch, tunebook: Call) -> None:  # noqa: F811
    from tunebook.verbs.chat import Talk

    def asked(self: Any, text: str) -> Any:
        yield "a piece"
        raise KeyboardInterrupt

    monkeypatch.setattr(Talk, "asked", asked)
    said(monkeypatch, "one", "two")
    assert tunebook("chat", written[0].path).out == "a piece\na piece\n"


def test_a_run_of_a_run_is_refused(written: Written, tunebook: Call) -> None:  # noqa: F811
    told = tunebook("chat", written[1].path, "--run", "other")
    assert told.code and "--run" in told.err


@pytest.mark.parametrize(
    "words",
    [("--temperature", "-1"), ("--top-p", "0"), ("--max-new-tokens", "0"), ("--seed", "-1"), ("--stop", "")],
    ids=lambda words: words[0],
)
def test_values_out_of_bounds_are_refused(words: tuple[str, str], tmp_path: Path) -> None:

    name = words[0].removeprefix("--").replace("-", "_")
    value: Any = [words[1]] if name == "stop" else float(words[1]) if "." in words[1] else int(words[1])
    with pytest.raises(TunebookError, match=r"cli\.option"):
        Writing(**{name: value}).checked()
