"""Options and commands that messages, examples and reports name exist; those of the data say their Python names."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import tunebook
from tunebook.cli.app import COMMANDS, EXAMPLES, FLAG, command_of, options_of
from tunebook.cli.entry import COMMON
from tunebook.cli.options import flag
from tunebook.core.messages import LANGUAGES, catalogue
from tunebook.data.options import DataOptions

SOURCE = Path(tunebook.__file__).parent
FILES = sorted(path for path in (SOURCE / "report" / "templates").glob("*.j2"))
CALL = re.compile(r"\btunebook ([a-z-]+)(?: ([a-z-]+))?")
LINE = re.compile(r"\btunebook ([a-z-]+(?: [^`。.;；，,)）]*)?)")  # a command in a sentence, up to the end of that part
# What stands behind a flag that is an option of the data: its value, perhaps another such option, then the bracket.
PYTHON = re.compile(r"(?:\(Python: |[（；]Python：)([^)）]*)")
ELSEWHERE = {"--nproc_per_node", "--head", "--learning_rate"}  # of torchrun, ray start, and an imported script


@cache
def options() -> dict[str, frozenset[str]]:
    """Command -> its options."""
    return {path: options_of(path) for path, place in COMMANDS.items() if place}


def texts() -> Iterator[tuple[str, str]]:
    """Every text of the catalogue and of the templates, with where it stands."""
    for code, both in catalogue().items():
        yield from ((f"{code}.{language}", both[language]) for language in LANGUAGES)
    yield from ((path.name, path.read_text(encoding="utf-8")) for path in FILES)
    yield from ((f"example of {path or 'tunebook'}", line) for path, lines in EXAMPLES.items() for line in lines)


def unknown_flags(text: str) -> set[str]:
    known = {*COMMON, "--help", "--version", *ELSEWHERE}.union(*options().values())
    return {name for name in FLAG.findall(text) if name not in known}


def unknown_commands(text: str) -> set[str]:
    """Names after `tunebook` that are no commands; where one is a group, the name after it counts too."""
    found = set()
    for first, second in CALL.findall(text):
        if first not in COMMANDS:
            found.add(first)
        elif not COMMANDS[first] and second and f"{first} {second}" not in COMMANDS:
            found.add(f"{first} {second}")
    return found


def strange_flags(text: str) -> set[str]:
    """Options behind `tunebook COMMAND` that are not its own."""
    lines = [line.split() for line in LINE.findall(text)]
    known = {*COMMON, "--help"}
    return {
        name
        for words in lines
        if command_of(words)
        for name in FLAG.findall(" ".join(words))
        if name not in known and name not in options()[command_of(words)]
    }


def test_every_flag_that_is_named_exists() -> None:
    assert {place: unknown_flags(text) for place, text in texts() if unknown_flags(text)} == {}


def test_every_command_that_is_named_exists() -> None:
    assert {place: unknown_commands(text) for place, text in texts() if unknown_commands(text)} == {}


def test_every_command_that_is_named_has_the_options_that_stand_behind_it() -> None:
    assert {place: strange_flags(text) for place, text in texts() if strange_flags(text)} == {}


def test_every_command_that_answers_propose_has_its_options() -> None:
    """Of each call of `command(...)` with words that are known before it runs."""
    found = []
    for path in sorted((SOURCE / "cli").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "command":
                words = [getattr(item, "value", "") for item in node.args]
                values = [item.value for item in ast.walk(node) if isinstance(item, ast.Constant)]
                flags = {value for value in values if isinstance(value, str) and FLAG.fullmatch(value)}
                found.append(command_of(list(map(str, words))))
                assert found[-1] and flags <= options()[found[-1]], f"{path.name}:{node.lineno}"
    assert len(found) > 40


def test_every_example_is_understood() -> None:
    """Its options belong to its command, not only to some command."""
    for lines in EXAMPLES.values():
        for line in lines:
            words = shlex.split(line)[1:]
            path = " ".join(words[:2]) if not COMMANDS[words[0]] else words[0]
            mine = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert mine <= options()[path], line


FIELDS = {flag(name): name for name in DataOptions.model_fields} | {"--no-header": "header", "--no-clean": "clean"}
OURS = [tomllib.loads((SOURCE / "messages" / f"{name}.toml").read_text("utf-8")) for name in ("data", "labels")]
ERRORS = [(code, entry["do"]) for entries in OURS for code, entry in entries.items() if "do" in entry]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("code", "text"), ERRORS, ids=[code for code, _ in ERRORS])
def test_an_option_of_the_data_says_its_name_in_python(code: str, text: dict[str, str], language: str) -> None:
    wanted = {FIELDS[name] for name in FLAG.findall(text[language]) if name in FIELDS}
    named = set(re.findall(r"(\w+)=", " ".join(PYTHON.findall(text[language]))))
    assert wanted <= named
    assert not re.search(r"\boption\b|选项", text[language]), "an option is named by its flag"


def test_the_check_catches_an_option_of_another_command() -> None:
    assert strange_flags("run `tunebook train BOOK --problem regression` again") == {"--problem"}


@pytest.mark.parametrize("text", ["say --nonsense", "tunebook tarin book", "run `tunebook table shwo`"])
def test_the_check_catches(text: str) -> None:
    assert unknown_flags(text) | unknown_commands(text)
