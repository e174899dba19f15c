"""Sentences that are kept as data: written once, read in the language of whoever reads them.

A reason in a table or in the log may be read years later by somebody who speaks another language. So what Tunebook
itself says there is stored as the code of the message catalogue with its fields, and said anew when it is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self

from tunebook.core.messages import LANGUAGES, language, say_in

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, SerializationInfo
    from pydantic_core import CoreSchema

# Context of a record's dump that goes to the disk; every other dump is for people and holds the texts.
STORED = {"stored": True}


class Localized(str):
    """A sentence of the catalogue in the reader's language, which knows its code and fields.

    It is a string like any other: what is made of it (joined, cut) is plain text again.

    Attributes:
        written: the sentence in the language of whoever wrote it first.
    """

    code: str
    fields: dict[str, Any]
    written: str

    def __new__(cls, text: str, code: str, fields: dict[str, Any], written: str) -> Self:
        """Use `localized` or `Localized.of`."""
        made = super().__new__(cls, text)
        made.code, made.fields, made.written = code, fields, written
        return made

    def __getnewargs__(self) -> tuple[str, str, dict[str, Any], str]:  # type: ignore[override]
        return str(self), self.code, self.fields, self.written

    @property
    def stored(self) -> dict[str, Any]:
        """As JSON: `{"say": CODE, "with": {...}, "text": ...}`; the text is for a version without that code."""
        fields = {name: _kept(value) for name, value in self.fields.items()}
        return {"say": self.code, "with": fields, "text": self.written}

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Localized:
        """What `stored` gave, in the reader's language."""
        code, written = str(stored["say"]), str(stored.get("text", stored["say"]))
        fields = {name: _read(value) for name, value in stored.get("with", {}).items()}
        return cls(_in(language(), code, fields) or written, code, fields, written)

    def in_language(self, name: str) -> str:
        """The sentence in a given language."""
        fields = {
            key: part.in_language(name) if isinstance(part, Localized) else part for key, part in self.fields.items()
        }
        return _in(name, self.code, fields) or self.written


def _in(name: str, code: str, fields: dict[str, Any]) -> str:
    """The sentence; empty where the catalogue of this version has none that takes these fields."""
    try:
        return say_in(name, code, **fields)
    except (KeyError, ValueError, IndexError, TypeError):
        return ""


def localized(code: str, /, **fields: Any) -> Localized:
    """The text of an entry in the user's language, which is stored as data; fields may be such texts themselves.

    Raises:
        KeyError: as `say`.
    """
    text = say_in(language(), code, **fields)
    return Localized(text, code, fields, text)


def in_all_languages(text: str) -> str:
    """A text as it can be searched for: a sentence of the catalogue in every language, any other as it is."""
    return " ".join(text.in_language(name) for name in LANGUAGES) if isinstance(text, Localized) else text


def _kept(value: Any) -> Any:
    """A field as JSON holds it."""
    if isinstance(value, Localized):
        return value.stored
    value = value.item() if hasattr(value, "item") else value  # a number of numpy
    return value if isinstance(value, bool | int | float) else str(value)


def _read(value: Any) -> Any:
    return Localized.of(value) if _is_stored(value) else value


def _is_stored(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("say"), str) and isinstance(value.get("with", {}), dict)


def _validate(value: Any, plain: Any) -> str:
    if isinstance(value, Localized):
        return value
    text: str = Localized.of(value) if _is_stored(value) else plain(value)
    return text


def _dump(value: str, info: SerializationInfo) -> Any:
    return value.stored if isinstance(value, Localized) and info.context == STORED else str(value)


class _Sayable:
    """How pydantic reads and writes such a field: told when a record is made, so that words alone need no pydantic."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema as schema

        dump = schema.plain_serializer_function_ser_schema(_dump, info_arg=True, when_used="json")
        return schema.no_info_wrap_validator_function(_validate, handler(source), serialization=dump)


# A field of a record that holds what people or Tunebook say.
Text = Annotated[str, _Sayable()]

__all__ = ["STORED", "Localized", "Text", "in_all_languages", "localized"]
