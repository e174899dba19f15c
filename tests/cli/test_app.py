"""The tree of commands: each can be loaded, each example can be parsed."""

from __future__ import annotations

import re
import shlex

import pytest
from tests.cli.conftest import Call

from tunebook.cli.app import COMMANDS, EXAMPLES, application, examples
from tunebook.core.errors import TunebookError
from tunebook.core.messages import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", EXAMPLES)
def test_examples_can_be_parsed(path: str, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    for example in examples(path):
        assert "{" not in example
        parse(*shlex.split(example))


def parse(program: str, *given: str) -> None:
    assert program == "tunebook"
    group, words = application(), list(given)
    while hasattr(group, "list_commands"):
        context = group.make_context(program, words, resilient_parsing=True)
        program, words = words[0], words[1:]
        group = group.get_command(context, program)
    assert group.make_context(program, words).params


def test_texts_of_examples_are_in_the_language_of_the_help(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--note 'smaller steps'" in examples("table set")[0] in tunebook("table", "set", "--help").out
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    texts = [text for path in EXAMPLES for line in examples(path) for text in re.findall(r"['\"](.+)['\"]", line)]
    assert len(texts) >= 9 and all(re.search(r"[\u4e00-\u9fff]", text) for text in texts)


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
