"""spaCy: documents with categories and marked places, as JSON or binary (DocBin, .spacy), read without spaCy.

The file is a zlib stream of MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md). Tokens are the hashes
of their strings (MurmurHash64A by Austin Appleby, seed 1), which are all listed once.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from tunebook.core.errors import DataError
from tunebook.data.annotated_spans import marked_export
from tunebook.data.exports import Export, Format
from tunebook.data.formats.spans import read_spans
from tunebook.data.preview import Objects, Preview
from tunebook.data.votes import Answer, join_answers

_HALF = 0.5
_DOC = {"text", "ents", "tokens"}
_ENTS = ("ents", "entities")
# spaCy's numbers of attributes: the token's own string, how it stands to an entity (1 inside, 2 outside, 3 first), the
# entity's type (spacy/attrs.pxd).
_ORTH, _IOB, _TYPE = 65, 77, 78
_INSIDE, _FIRST = 1, 3
# Strings that spaCy knows by a number in place of their hash, and never lists: words and types among them
# (spacy/symbols.pxd; those between are features such as Aspect_perf).
_FROM_64 = (
    "ID ORTH LOWER NORM SHAPE PREFIX SUFFIX LENGTH CLUSTER LEMMA POS TAG DEP ENT_IOB ENT_TYPE HEAD SENT_START SPACY "
    "PROB LANG ADJ ADP ADV AUX CONJ CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X EOL SPACE"
)
_FROM_380 = (
    "PERSON NORP FACILITY ORG GPE LOC PRODUCT EVENT WORK_OF_ART LANGUAGE LAW DATE TIME PERCENT MONEY QUANTITY ORDINAL "
    "CARDINAL acomp advcl advmod agent amod appos attr aux auxpass cc ccomp complm conj cop csubj csubjpass dep det "
    "dobj expl hmod hyph infmod intj iobj mark meta neg nmod nn npadvmod nsubj nsubjpass num number oprd obj obl "
    "parataxis partmod pcomp pobj poss possessive preconj prep prt punct quantmod relcl rcmod root xcomp acl"
)
_SYMBOLS = {
    **dict(enumerate(_FROM_64.split(), start=64)),
    **dict(enumerate(_FROM_380.split(), start=380)),
    0: "",
    456: "_",
}
_SIZES = {0xC4: ">B", 0xC5: ">H", 0xC6: ">I", 0xD9: ">B", 0xDA: ">H", 0xDB: ">I"}
_COUNTS = {0xDC: ">H", 0xDD: ">I", 0xDE: ">H", 0xDF: ">I"}
_NUMBERS = dict(zip(range(0xCA, 0xD4), (">f", ">d", ">B", ">H", ">I", ">Q", ">b", ">h", ">i", ">q"), strict=True))
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_MIX, _MASK = 0xC6A4A7935BD1E995, (1 << 64) - 1
Entity = tuple[int, int, str]


class Spacy(Format):
    """Texts with categories, each with a value from 0 to 1, or with entities where there are no categories."""

    title: ClassVar[str] = "spaCy"

    def fits(self, preview: Preview) -> bool:
        """Documents as `Doc.to_json` writes them, texts with `cats`, or a DocBin."""
        if preview.objects:
            return all(
                set(row) >= _DOC or ("text" in row and isinstance(row.get("cats"), dict)) for row in preview.objects
            )
        return preview.data[:1] == b"\x78" and b"tokens" in _unpacked(preview.data)

    def read(self, preview: Preview) -> Export:
        """The texts with the categories whose value is above one half, or with their entities."""
        rows = preview.rows() if preview.objects else self._documents(preview)
        if preview.options.label in _ENTS or not any(row.get("cats") for _, row in rows):
            return marked_export(preview, map(_marked, rows), "text", {})
        return join_answers(_answers(rows), "cats" if preview.labelled else None, {"text": "text"})

    def _documents(self, preview: Preview) -> Objects:
        try:
            found = read_docbin(preview.data)
        except ValueError as error:
            raise DataError("format.damaged", key=str(preview.path), tool=self.title, reason=str(error)) from error
        return [
            (number, {"text": text, "cats": cats, "ents": ents})
            for number, (text, cats, ents) in enumerate(found, start=1)
        ]


def _marked(numbered: tuple[int, dict[str, Any]]) -> Answer:
    """The entities of a document; one of which nobody said that it has none is not labelled."""
    number, row = numbered
    ents = next((row[name] for name in _ENTS if name in row), None)
    columns = {name: value for name, value in row.items() if isinstance(value, str | int | float)}
    left = "unlabelled" if ents is None else ""
    return Answer(
        number,
        number,
        columns,
        "",
        () if ents is None else read_spans([list(one) if isinstance(one, tuple) else one for one in ents]),
        left,
    )


def _answers(rows: Objects) -> Iterator[Answer]:
    several = any(sum(_on(value) for value in (row.get("cats") or {}).values()) > 1 for _, row in rows)
    for number, row in rows:
        cats = row.get("cats") or {}
        said = tuple(name for name, value in cats.items() if _on(value))
        left = "" if said or (several and cats) else "unlabelled"
        columns = {name: value for name, value in row.items() if isinstance(value, str | int | float)}
        yield Answer(number, number, columns, "", said, left)


def _on(value: Any) -> bool:
    return isinstance(value, int | float) and value > _HALF


def _unpacked(data: bytes) -> bytes:
    """The first bytes of what was packed; empty where it is no zlib stream."""
    try:
        return zlib.decompressobj().decompress(data, 4096)
    except zlib.error:
        return b""


def read_docbin(data: bytes) -> list[tuple[str, dict[str, float], list[Entity] | None]]:
    """Text, categories and entities of each document; None where nobody said which entities it has.

    Entities are in code points: start, end (exclusive) and type.

    Raises:
        ValueError: it is no such file, or is damaged.
    """
    try:
        content, _ = _value(zlib.decompress(data), 0)
        names = {**_SYMBOLS, **{string_hash(string): string for string in content["strings"]}}
        attrs = content["attrs"]
        tokens = np.frombuffer(content["tokens"], dtype="<u8").reshape(-1, len(attrs))
        words = [names[code] for code in tokens[:, attrs.index(_ORTH)].tolist()]
        spaces = np.frombuffer(content["spaces"], dtype=np.bool_).tolist()
        marked = {_IOB, _TYPE} <= set(attrs)
        iob = tokens[:, attrs.index(_IOB)].tolist() if marked else [0] * len(words)
        types = [names[code] for code in tokens[:, attrs.index(_TYPE)].tolist()] if marked else words
        ends = np.cumsum(np.frombuffer(content["lengths"], dtype="<i4")).tolist()
        found = []
        for start, end, cats in zip([0, *ends[:-1]], ends, content["cats"], strict=True):
            pieces = [word + " " * space for word, space in zip(words[start:end], spaces[start:end], strict=True)]
            entities = _entities(words[start:end], pieces, iob[start:end], types[start:end])
            found.append(("".join(pieces), cats, entities))
        return found
    except (zlib.error, struct.error, IndexError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def _entities(words: list[str], pieces: list[str], iob: list[int], types: list[str]) -> list[Entity] | None:
    """Entities of a document by the marks of its tokens."""
    if not any(iob):
        return None
    found: list[Entity] = []
    place, open_ = 0, False
    for word, piece, mark, name in zip(words, pieces, iob, types, strict=True):
        if mark == _INSIDE and open_:
            found[-1] = (found[-1][0], place + len(word), found[-1][2])
        open_ = mark == _FIRST or (mark == _INSIDE and open_)
        if mark == _FIRST:
            found.append((place, place + len(word), name))
        place += len(piece)
    return found


def string_hash(text: str) -> int:
    """spaCy's hash of a string; the empty one is 0."""
    data = text.encode()
    if not data:
        return 0
    value = 1 ^ (len(data) * _MIX & _MASK)
    whole = len(data) // 8 * 8
    for (part,) in struct.iter_unpack("<Q", data[:whole]):
        mixed = part * _MIX & _MASK
        value = (value ^ ((mixed ^ mixed >> 47) * _MIX & _MASK)) * _MIX & _MASK
    if data[whole:]:
        value = (value ^ int.from_bytes(data[whole:], "little")) * _MIX & _MASK
    value = (value ^ value >> 47) * _MIX & _MASK
    return value ^ value >> 47


def _value(data: bytes, place: int) -> tuple[Any, int]:
    """The MessagePack value at a place, and the place behind it."""
    kind = data[place]
    place += 1
    if kind < 0x80 or kind >= 0xE0:
        return (kind if kind < 0x80 else kind - 256), place
    if kind in _CONSTANTS:
        return _CONSTANTS[kind], place
    if kind in _NUMBERS:
        return _number(data, place, _NUMBERS[kind])
    if 0xA0 <= kind < 0xC0 or kind in _SIZES:
        size, place = (kind & 31, place) if kind < 0xC0 else _number(data, place, _SIZES[kind])
        raw = data[place : place + size]
        return (raw if kind in (0xC4, 0xC5, 0xC6) else raw.decode()), place + size
    if 0x80 <= kind < 0xA0 or kind in _COUNTS:
        count, place = (kind & 15, place) if kind < 0xA0 else _number(data, place, _COUNTS[kind])
        pairs = kind < 0x90 or kind >= 0xDE
        items, place = _items(data, place, count * (1 + pairs))
        return (dict(zip(items[::2], items[1::2], strict=True)) if pairs else items), place
    raise ValueError(f"0x{kind:02x}")


def _items(data: bytes, place: int, count: int) -> tuple[list[Any], int]:
    found = []
    for _ in range(count):
        item, place = _value(data, place)
        found.append(item)
    return found, place


def _number(data: bytes, place: int, form: str) -> tuple[Any, int]:
    return struct.unpack_from(form, data, place)[0], place + struct.calcsize(form)


__all__ = ["Spacy", "read_docbin", "string_hash"]
