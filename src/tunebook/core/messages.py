"""The message catalogue: every word that a user reads, in English and in Chinese, and how wide it is on a screen.

The entries are in `tunebook/messages/*.toml`, one file a part of the system:

    ["row.unknown"]
    what.en = "There is no parameter named {key!r}."
    what.zh = "..."
    do.en = "Did you mean {nearest}?"
    do.zh = "..."

An entry of one sentence leaves `what` and `do` out and holds `en` and `zh` at once. The language is TUNEBOOK_LANG
(`en` or `zh`), else the locale of the machine, else English.
"""

from __future__ import annotations

import os
import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "zh")
Texts = dict[str, dict[str, str]]
_FOLDER = Path(__file__).parents[1] / "messages"


def language() -> str:
    """The user's language: `en` or `zh`."""
    for name in ("TUNEBOOK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


@cache
def catalogue() -> Texts:
    """Code -> language -> text. An entry `x` with `what` and `do` gives the codes `x.what` and `x.do`."""
    texts: Texts = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        for name, text in _part(path.stem).items():
            if name in texts:
                raise KeyError(f"message {name!r} of {path.name} stands in the catalogue twice")
            texts[name] = text
    return texts


@cache
def _part(name: str) -> Texts:
    """The texts of one file; none if there is no such file."""
    path = _FOLDER / f"{name}.toml"
    if not path.is_file():
        return {}
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    return {code: text for entry, value in entries.items() for code, text in _flat(entry, value)}


def _flat(code: str, entry: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    if "en" in entry:
        return [(code, entry)]
    return [(f"{code}.{part}", text) for part, text in entry.items()]


def say(code: str, /, **fields: Any) -> str:
    """The text of an entry in the user's language, its placeholders filled.

    Raises:
        KeyError: the catalogue has no such entry, or a placeholder has no value: a fault of Tunebook, not of the user.
    """
    return say_in(language(), code, **fields)


def say_in(name: str, code: str, /, **fields: Any) -> str:
    """The same in a given language."""
    texts = _part(code.partition(".")[0])  # `cli.train` is in cli.toml: help is not to wait for the whole catalogue
    return (texts if code in texts else catalogue())[code][name].format(**fields)


def columns_of(text: str) -> int:
    """Columns of a terminal, or narrow letters of a page, that a text takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def head(text: str, width: int) -> str:
    """As many characters of a text as have room, one at least."""
    end, used = 0, 0
    for char in text:
        used += columns_of(char)
        if used > width and end:
            break
        end += 1
    return text[:end]


def cut(text: str, width: int) -> str:
    """A text of at most so many columns; one that is longer ends in `…`."""
    return text if columns_of(text) <= width else head(text, width - 1).rstrip() + "…"


__all__ = ["LANGUAGES", "catalogue", "columns_of", "cut", "head", "language", "say", "say_in"]
