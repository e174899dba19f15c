"""The message catalogue: every word that a user reads, in English and in Chinese, and how wide it is on a screen.

The entries are in `tunebook/messages/*.toml`, one file a part of the system:

    ["row.unknown"]
    what.en = "There is no parameter named {key!r}."
    what.zh = "..."
    do.en = "Did you mean {nearest}?"
    do.zh = "..."

An entry of one sentence leaves `what` and `do` out and holds `en` and `zh` at once. The language is TUNEBOOK_LANG
(`en` or `zh`), else the locale of the machine, else English; a server speaks that of whoever asks (`speaking`).
"""

from __future__ import annotations

import os
import re
import shlex
import tomllib
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "zh")
Texts = dict[str, dict[str, str]]
_FOLDER = Path(__file__).parents[1] / "messages"
_SPOKEN: ContextVar[str] = ContextVar("spoken", default="")
_COMMAND = re.compile(r"\btunebook [a-z -]+\{book\}")
_ENTRY = re.compile(r'^\["(.+)"\]$', re.MULTILINE)


def language() -> str:
    """The user's language: `en` or `zh`."""
    if spoken := _SPOKEN.get():
        return spoken
    for name in ("TUNEBOOK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Speak a language, `en` or `zh`, to whoever is answered inside: in this thread or task alone."""
    token = _SPOKEN.set(name)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


@cache
def catalogue() -> Texts:
    """Code -> language -> text. An entry `x` with `what` and `do` gives the codes `x.what` and `x.do`.

    For whoever needs them all: `say` and `has_words` read no more than the entry that is asked for.
    """
    texts: Texts = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        for entry, value in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for name, text in _flat(entry, value).items():
                if name in texts:
                    raise KeyError(f"message {name!r} of {path.name} stands in the catalogue twice")
                texts[name] = text
    return texts


def _flat(code: str, entry: dict[str, Any]) -> Texts:
    return {code: entry} if "en" in entry else {f"{code}.{part}": text for part, text in entry.items()}


@cache
def _entries(path: Path) -> dict[str, str]:
    """The entries of a file as they stand there, not yet parsed: of thousands a command says a few."""
    if not path.is_file():
        return {}
    _, *found = _ENTRY.split(path.read_text(encoding="utf-8"))
    return dict(zip(found[::2], found[1::2], strict=True))


@cache
def _text(code: str) -> dict[str, str]:
    """Language -> text; empty if there is no such entry."""
    for path in _likely(code):
        for entry in (code, code.rpartition(".")[0]):
            if entry in _entries(path):
                return _flat(entry, tomllib.loads(_entries(path)[entry])).get(code, {})
    return {}


def _likely(code: str) -> Iterator[Path]:
    """Where an entry may be: `cli.train` is in cli.toml, `run.no_model` in a file of another name."""
    yield _FOLDER / f"{code.partition('.')[0]}.toml"
    yield from sorted(_FOLDER.glob("*.toml"))


def has_words(code: str) -> bool:
    """Whether there is such an entry."""
    return bool(_text(code))


def say(code: str, /, **fields: Any) -> str:
    """The text of an entry in the user's language, its placeholders filled.

    Raises:
        KeyError: the catalogue has no such entry, or a placeholder has no value: a fault of Tunebook, not of the user.
    """
    return say_in(language(), code, **fields)


def say_in(name: str, code: str, /, **fields: Any) -> str:
    """The same in a given language."""
    texts = _text(code)
    if not texts:
        raise KeyError(code)
    text = texts[name]
    if "book" in fields and _COMMAND.search(text):
        fields["book"] = shlex.quote(str(fields["book"]))  # the command is there to be copied into a shell
    return text.format(**fields)


def columns_of(text: str) -> int:
    """Columns of a terminal, or narrow letters of a page, that a text takes."""
    if text.isascii():
        return len(text)
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


__all__ = ["LANGUAGES", "catalogue", "columns_of", "cut", "has_words", "head", "language", "say", "say_in", "speaking"]
