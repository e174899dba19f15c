"""The options of a training command in a shell script: `swift sft --learning_rate 1e-4 ...`.

The script is read, never run: variables that it sets itself are filled in, anything else that a shell would compute
stays as it is written.
"""

from __future__ import annotations

import re
import shlex
from pathlib import PurePath
from typing import Any

from tunebook.core.errors import TableError
from tunebook.tables.foreign.keys import Config

_ENDS = ";&|<>\n"
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")
_VERBS = {
    "swift": "ms-swift",
    "llamafactory-cli": "llama-factory",
    "lmf": "llama-factory",
    "axolotl": "axolotl",
    "trl": "transformers",
}


def parse_script(text: str, path: str) -> tuple[Config, str | None, str]:
    """Key -> value of the one training command of a script, the tool that it names, if it does, and what it calls.

    Values of several words are lists, an option without a value is true; variables of the environment that stand before
    the command are keys too.

    What it calls is the word behind the tool (`rlhf` of `swift rlhf`) or the name of a Python program (`run_glue`).

    Raises:
        TableError: `importing.no_command`, `importing.commands` for several, `table.broken` for an open quote,
            `row.twice` for an option that stands there twice.
    """
    known: dict[str, str] = {}
    found: list[tuple[list[str], str | None]] = []
    for words in _commands(text, path):
        words = [_filled(word, known) for word in words]
        if words[0] == "export":
            words = words[1:]
        if all(_ASSIGNED.fullmatch(word) for word in words):
            known |= dict(_pair(word) for word in words)
        elif any(word.startswith("--") for word in words):
            found.append((words, _tool(words)))
    chosen = [item for item in found if item[1]] or found
    if len(chosen) != 1:
        code = "importing.commands" if chosen else "importing.no_command"
        raise TableError(code, key=path, count=len(chosen))
    words, tool = chosen[0]
    return _options(words), tool, _program(words)


def _commands(text: str, path: str) -> list[list[str]]:
    """Words of each command, comments and redirections of numbered streams left out."""
    joined = re.sub(r"\s[12]>", " >", _without_comments(text.replace("\r\n", "\n")).replace("\\\n", " "))
    lexer = shlex.shlex(joined, posix=True, punctuation_chars=_ENDS)
    lexer.whitespace, lexer.commenters, lexer.whitespace_split = " \t\r", "", True
    commands: list[list[str]] = [[]]
    try:
        for word in lexer:
            if word and set(word) <= set(_ENDS):
                commands.append([])
            else:
                commands[-1].append(word)
    except ValueError as error:
        raise TableError("table.broken", key=path, line=lexer.lineno, column=1, reason=str(error)) from error
    return [words for words in commands if words]


def _without_comments(text: str) -> str:
    """The text without a shell's comments: from a # at a word's start, outside quotes, to the line's end."""
    kept: list[str] = []
    quote, comment, before = "", False, "\n"
    for char in text:
        if comment:
            comment = char != "\n"
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        else:
            comment = char == "#" and before.isspace()
        if not comment:
            kept.append(char)
        before = char
    return "".join(kept)


def _filled(word: str, known: dict[str, str]) -> str:
    """A word with the variables that the script set before; the others stay as they are."""
    return _VARIABLE.sub(lambda m: known.get(m[1] or m[2], m[0] if m[3] is None else m[3]), word)


def _pair(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value


def _tool(words: list[str]) -> str | None:
    return next((_VERBS[PurePath(word).name] for word in words if PurePath(word).name in _VERBS), None)


def _program(words: list[str]) -> str:
    for place, word in enumerate(words):
        name = PurePath(word)
        if name.name in _VERBS:
            return next((item for item in words[place + 1 : place + 2] if not item.startswith("-")), "")
        if name.suffix == ".py":
            return name.stem
    return ""


def _options(words: list[str]) -> dict[str, Any]:
    """Options behind the program (a launcher's own stand before it), and variables of the environment."""
    found: dict[str, Any] = {}
    start = 0
    while start < len(words) and _ASSIGNED.fullmatch(words[start]):
        name, value = _pair(words[start])
        found[name] = value
        start += 1
    programs = [place for place, word in enumerate(words) if PurePath(word).name in _VERBS or word.endswith(".py")]
    key = ""
    values: dict[str, list[str]] = {}
    for word in words[max([start, *programs]) :]:
        if word.startswith("--"):
            key, equals, value = word[2:].partition("=")
            key = key.replace("-", "_")
            if key in values:
                raise TableError("row.twice", key=key, first=f"--{key}", second=word)
            values[key] = [value] if equals else []
        elif key:
            values[key].append(word)
        elif pair := _ASSIGNED.fullmatch(word):  # LLaMA-Factory takes `learning_rate=1e-5` without dashes
            values[pair[1]] = [pair[2]]
    return found | {name: _value(items) for name, items in values.items()}


def _value(items: list[str]) -> Any:
    return True if not items else items[0] if len(items) == 1 else items


__all__ = ["parse_script"]
