"""Help: quick, without heavy libraries, in both languages, within the terminal's width."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.cli.conftest import Call

from tunebook.cli.app import COMMANDS
from tunebook.cli.layout import wrap
from tunebook.core.messages import columns_of, say

_HEAVY = {"torch", "transformers", "numpy", "pyarrow", "pandas", "sklearn", "scipy", "matplotlib", "pydantic", "rich"}


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["init", "--help"], ["table", "set", "--help"]])
def test_loads_nothing_heavy(words: list[str]) -> None:
    code = f"import sys; from tunebook.cli import main; main({words!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "Usage: tunebook" in done.stdout
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    heavy = _HEAVY - {"pydantic"} if words[0] == "train" else _HEAVY  # training has records among its options
    assert "click" in loaded and not loaded & heavy


@pytest.mark.parametrize("path", COMMANDS)
@pytest.mark.parametrize(("language", "usage"), [("en", "Usage: "), ("zh", "用法：")])
def test_every_command_has_help(
    tunebook: Call, monkeypatch: pytest.MonkeyPatch, path: str, language: str, usage: str
) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    monkeypatch.setenv("COLUMNS", "80")
    done = tunebook(*path.split(), "--help")
    assert done.code == 0 and done.out.startswith(f"{usage}tunebook {path}")
    assert "--json" in done.out and "--offline" in done.out
    examples = done.out.rpartition("\n\n")[2].splitlines()
    assert all(columns_of(line) < 80 for line in done.out.splitlines() if line not in examples)


def test_root_help_lists_the_commands_in_order(tunebook: Call) -> None:
    alone, asked = tunebook(), tunebook("--help")
    assert (alone.code, alone.out) == (0, asked.out)
    shown = [line.split()[0] for line in asked.out.splitlines() if line.startswith("  ") and line[2:3].strip()]
    wanted = [name for name in COMMANDS if " " not in name]
    assert shown[: len(wanted)] == wanted


def test_a_group_alone_shows_its_help(tunebook: Call) -> None:
    done = tunebook("table")
    assert done.code == 0 and "import" in done.out and "export" in done.out
    done = tunebook("table", "--json")
    assert done.code == 0 and json.loads(done.out)["commands"]["export"] == say("cli.help.table_export").split("\n")[0]


def test_help_says_what_is_required_and_what_is_default(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(*words: str) -> str:
        return tunebook(*words, "--help").out

    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "（必填）" in told("init")
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    monkeypatch.setenv("COLUMNS", "100")
    out = told("init")
    assert "(required)" in out and "(default: builtin:minilm)" in out and "--header / --no-header" in out
    assert "[TEXT…]" in told("predict")


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("unbreakable", 4, ["unbr", "eaka", "ble"]),
        ("中文没有空格也要换行", 8, ["中文没有", "空格也要", "换行"]),
        ("句子结束。然后", 8, ["句子结", "束。然后"]),
        ("", 8, []),
    ],
)
def test_wrap(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width) == lines
