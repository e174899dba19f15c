"""Options of a command as fields of a form: what is typed into them becomes the words of the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tunebook.core.files import text_lines
from tunebook.core.messages import say

Typed = Mapping[str, str]  # key of a field -> what was typed into it


@dataclass(frozen=True)
class Field:
    """An option as a field of a form.

    Attributes:
        flag: of the option. words: what it is, `cli.opt.WORDS` of the catalogue; it is called `fields.WORDS` there.
        kind: one `line`; `lines`, of which each is given once more; a `switch`; a `choice` of what the page says.
        hint: an example, or what holds where nothing is typed. rare: folded away.
    """

    flag: str
    words: str
    kind: Literal["line", "lines", "switch", "choice"] = "line"
    hint: str = ""
    rare: bool = False

    @property
    def key(self) -> str:
        """By which the form sends it."""
        return self.flag.removeprefix("--").replace("-", "_")

    def said(self, typed: Typed) -> list[str]:
        """What was typed, an item each time that the option is given."""
        text = typed.get(self.key, "").strip()
        items = text_lines(text) if self.kind == "lines" else [text]
        return [item.strip() for item in items if item.strip()]


def help_of(field: Field, fields: Sequence[Field]) -> str:
    """What a field is: the help of its option, in which the other fields stand by the names that they have here."""
    text = say(f"cli.opt.{field.words}")
    for other in fields:
        text = text.replace(other.flag, say("fields.quoted", name=say(f"fields.{other.words}")))
    return text


def typed_in(fields: Sequence[Field], given: Callable[[str], str], *more: str) -> dict[str, str]:
    """What a form or an address holds of these fields, and of fields that are no options.

    Args:
        given: the text of a field, empty where it is not there. more: keys of the others.
    """
    return {key: given(key).strip() for key in (*more, *(field.key for field in fields))}


def values_of(fields: Sequence[Field], typed: Typed) -> dict[str, Any]:
    """What was typed, by the key of its field: a text, a list of texts, or True; nothing of empty fields."""
    found: dict[str, Any] = {}
    for field in fields:
        if items := field.said(typed):
            found[field.key] = items if field.kind == "lines" else True if field.kind == "switch" else items[0]
    return found


def words_of(fields: Sequence[Field], typed: Typed) -> list[str]:
    """The options as a command line has them."""
    words: list[str] = []
    for field in fields:
        for item in field.said(typed):
            words += [field.flag] if field.kind == "switch" else [field.flag, item]
    return words


__all__ = ["Field", "Typed", "help_of", "typed_in", "values_of", "words_of"]
