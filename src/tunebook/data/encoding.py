"""The encoding of a text file: found out, and everything turned into UTF-8 bytes."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from tunebook.core.errors import DataError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 1 << 18
# A UTF-8 file may hold this share of broken characters and still be one; anything else is another encoding.
_BROKEN = 0.02
_LETTERS = 20_000
_BEYOND = re.compile(r"[^\x00-\x7f]")
_BROKEN_CHAR = re.compile("[\udc80-\udcff]")
_CONTROL_CHAR = re.compile("[\x80-\x9f]")
_CONTROL = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1a\x1b")


@dataclass(frozen=True)
class Decoded:
    """A text file as UTF-8.

    Attributes:
        data: the text in UTF-8, without a byte order mark, its lines ended by `\\n` alone.
        encoding: what the file was in.
        guessed: whether nothing but the look of the bytes speaks for it.
        broken: numbers (from 1) of lines with bytes that are no characters; those stand as U+FFFD.
    """

    data: bytes
    encoding: str
    guessed: bool = False
    broken: tuple[int, ...] = ()


def decode(data: bytes, path: Path, given: str | None = None) -> Decoded:
    """Turn the bytes of a text file into UTF-8.

    Raises:
        DataError: `data.encoding`, the bytes are not in the encoding given, or in none that is known; `data.binary`,
            the file is no text.
    """
    if given:
        return _as_given(data, path, given)
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], name, path)
    wide = _wide(data)
    if wide:
        return _decoded(data, wide, path, guessed=True)
    _refuse_binary(data, path)
    if not _is_utf8(data):
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            return _not_utf8(data, path, error.start)
    return Decoded(_lines(data), "utf-8")


def _is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8, without a string made of them."""
    import pyarrow as pa

    places = np.array([0, len(data)], dtype=np.int64)
    whole = pa.Array.from_buffers(pa.large_binary(), 1, [None, pa.py_buffer(places), pa.py_buffer(data)])
    try:
        whole.cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def _as_given(data: bytes, path: Path, given: str) -> Decoded:
    try:
        codec = codecs.lookup(given).name
        if not codecs.lookup(given)._is_text_encoding:
            raise LookupError(given)
    except LookupError as error:
        raise DataError("data.encoding_name", key="encoding", value=given) from error
    return _decoded(data, codec, path)


def _decoded(data: bytes, name: str, path: Path, guessed: bool = False) -> Decoded:
    try:
        text = data.decode(name)
    except UnicodeDecodeError as error:
        raise DataError("data.encoding", key=str(path), value=name, line=_line(data[: error.start], name)) from error
    except UnicodeError as error:
        raise DataError("data.encoding", key=str(path), value=name, line=1) from error
    return Decoded(_lines(text.removeprefix("\ufeff").encode("utf-8", "replace")), name, guessed)


def _lines(data: bytes) -> bytes:
    """Lines of Windows and of old Macs end as everyone's do; a lone carriage return inside a line becomes a space.

    A line feed in a file of old Macs breaks a line inside a cell, as Excel for them writes it.
    """
    if b"\r" not in data:
        return data
    data = data.replace(b"\r\n", b"\n")
    returns, feeds = data.count(b"\r"), data.count(b"\n")
    first = 0 <= data.find(b"\r") < data.find(b"\n")
    return data.replace(b"\r", b"\n" if not feeds or (first and returns > feeds) else b" ")


def _line(before: bytes, name: str) -> int:
    """The number of the line of what stands behind these bytes."""
    return _lines(before.decode(name, "replace").encode("utf-8", "replace")).count(b"\n") + 1


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: line ends or many zero bytes always stand on the same side of a pair."""
    if len(data) % 2 or b"\0" not in data[:_SAMPLE]:
        return None
    sample = np.frombuffer(data[: _SAMPLE & ~1], dtype=np.uint8)
    first, second = int((sample[::2] == 0).sum()), int((sample[1::2] == 0).sum())
    pairs = len(sample) // 2
    for name, zeros, others in (("utf-16-le", second, first), ("utf-16-be", first, second)):
        if zeros >= max(1, pairs // 200) and others * 20 <= zeros and _reads(data, name):
            return name
    return None


def _reads(data: bytes, name: str) -> bool:
    """Whether text comes out: no broken pairs, and next to no zero, control or unassigned characters."""
    try:
        text = data[: _SAMPLE & ~1].decode(name)
    except UnicodeDecodeError as error:
        if error.start < (_SAMPLE & ~1) - 2:
            return False
        text = data[: error.start].decode(name)
    odd = sum(1 for char in text if not (char.isprintable() or char.isspace()))
    return odd * 50 <= len(text)


def _refuse_binary(data: bytes, path: Path) -> None:
    sample = data[:_SAMPLE]
    control = len(sample) - len(sample.translate(None, _CONTROL))
    if control * 10 > len(sample):
        raise DataError("data.binary", key=str(path))


def _not_utf8(data: bytes, path: Path, first_bad: int) -> Decoded:
    """Damaged UTF-8, else Chinese by how common its characters are, else Western."""
    text = data.decode("utf-8", "surrogateescape")
    broken = len(_BROKEN_CHAR.findall(text))
    wide = len(_BEYOND.findall(text)) - broken
    if broken <= wide * _BROKEN:
        return _damaged(text)
    high = np.frombuffer(data, dtype=np.uint8) >= 0x80
    alone = high & ~np.concatenate(([False], high[:-1])) & ~np.concatenate((high[1:], [False]))
    lonely = float(alone.sum()) / float(high.sum())
    scores = {name: _common(data, name) for name in ("gb18030", "big5hkscs")} if lonely < 0.3 else {}
    best = max(scores, key=lambda name: scores[name], default="")
    if best and scores[best] >= 0.5:
        return _decoded(data, best, path, guessed=True)
    return _western(data, path, first_bad)


def _damaged(text: str) -> Decoded:
    lines = _lines(text.removeprefix("\ufeff").encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    broken = tuple(number for number, line in enumerate(lines.split("\n"), start=1) if _BROKEN_CHAR.search(line))
    clean = lines.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return Decoded(clean.encode("utf-8"), "utf-8", broken=broken)


def _common(data: bytes, name: str) -> float:
    """Share of the characters beyond ASCII that are everyday Chinese ones in that encoding; 0 when it cannot be."""
    try:
        text = data.decode(name)
    except UnicodeDecodeError:
        return 0.0
    beyond = [match.group() for match in islice(_BEYOND.finditer(text), _LETTERS)]
    return sum(_everyday(char, name) for char in beyond) / max(1, len(beyond))


def _everyday(char: str, name: str) -> bool:
    """Level 1 of GB 2312 and of Big5 hold the common characters; both start with punctuation."""
    if char in "，。！？、：；“”‘’（）《》…—　·【】「」":
        return True
    code = char.encode(name)
    if name == "gb18030":
        return len(code) == 2 and 0xB0 <= code[0] <= 0xD7 and code[1] >= 0xA1
    return len(code) == 2 and 0xA4 <= code[0] <= 0xC6


def _western(data: bytes, path: Path, first_bad: int) -> Decoded:
    """Windows Western, the last resort; C1 control characters mean that it is not that either."""
    for name in ("cp1252", "latin-1"):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        strange = len(_CONTROL_CHAR.findall(text))
        beyond = len(_BEYOND.findall(text))
        if strange * 5 <= beyond and beyond * 3 <= len(text):
            return Decoded(_lines(text.encode()), name, guessed=True)
    raise DataError("data.encoding", key=str(path), value="utf-8", line=_line(data[:first_bad], "utf-8"))


__all__ = ["Decoded", "decode"]
