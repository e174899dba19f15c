"""The tree of commands: each can be loaded, each example can be parsed."""

from __future__ import annotations

import shlex

import pytest
from tests.cli.conftest import Call

from tunebook.cli.app import COMMANDS, EXAMPLES, application
from tunebook.core.errors import TunebookError


@pytest.mark.parametrize("example", [line for lines in EXAMPLES.values() for line in lines])
def test_examples_can_be_parsed(example: str) -> None:
    program, *words = shlex.split(example)
    assert program == "tunebook"
    group = application()
    while hasattr(group, "list_commands"):
        context = group.make_context(program, words, resilient_parsing=True)
        program, words = words[0], words[1:]
        group = group.get_command(context, program)
    assert group.make_context(program, words).params


def test_examples_belong_to_commands() -> None:
    assert set(EXAMPLES) <= {"", *COMMANDS}
    for path, lines in EXAMPLES.items():
        assert all(line.startswith(f"tunebook {path}") for line in lines)


def test_an_unknown_command_names_those_that_there_are() -> None:
    root = application()
    context = root.make_context("tunebook", ["train"], resilient_parsing=True)
    with pytest.raises(TunebookError, match=r"cli\.no_command") as caught:
        root.get_command(context, "trian")
    assert "train" in caught.value.allowed and "table show" not in caught.value.allowed


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["chek"], "Did you mean check?"),
        (["show"], "Did you mean table show?"),
        (["table", "lst"], "Did you mean list?"),
    ],
)
def test_a_misspelt_command_is_guessed(words: list[str], expected: str, tunebook: Call) -> None:
    done = tunebook(*words)
    assert done.code == 2 and expected in done.err


def test_help_has_a_short_name(tunebook: Call) -> None:
    for words in ((), ("train",), ("table",), ("table", "set")):
        assert tunebook(*words, "-h").out == tunebook(*words, "--help").out != ""
    assert "Usage" in tunebook("train", "-h", "--json").out
