"""How answers are printed."""

from __future__ import annotations

import pytest

from tunebook.cli.answer import Answer, console, facts, grid, json_line, show, show_json
from tunebook.core.commands import command


def test_people_see_the_next_commands(capsys: pytest.CaptureFixture[str]) -> None:
    show(Answer({}, lambda screen: screen.print("[b]done[/b] :smile:"), ("tunebook runs book",)))
    assert capsys.readouterr().out == "[b]done[/b] :smile:\n\nNext:\n  tunebook runs book\n"


def test_json_carries_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    assert json_line({"a": float("nan"), 1: [float("inf"), (2, None)]}) == '{"a": null, "1": [null, [2, null]]}'
    show_json(Answer([{"a": "中"}, {"a": 2}], lambda screen: None, lines=True))
    assert capsys.readouterr().out == '{"a": "中"}\n{"a": 2}\n'


def test_a_list_is_one_value_unless_it_is_of_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show_json(Answer([{"a": "中"}, {"a": 2}], lambda screen: None))
    show_json(Answer([], lambda screen: None))
    assert capsys.readouterr().out == '[{"a": "中"}, {"a": 2}]\n[]\n'


def test_a_command_is_quoted_for_the_shell() -> None:
    assert command("predict", "my book", "it's") == "tunebook predict 'my book' 'it'\"'\"'s'"


def test_tables_show_texts_as_they_are(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    screen = console()
    screen.print(grid(("名称", "n"), [("[b]x[/b]", 1), ("y", 22)], right=(1,)))
    screen.print(facts([("a", "[red]")]))
    out = capsys.readouterr().out.splitlines()
    assert [line.rstrip() for line in out] == ["名称        n", "─" * 13, "[b]x[/b]    1", "y          22", "a  [red]"]
