from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import pytest

from tunebook.data.formats.spacy import read_docbin, string_hash


def packed(value: Any) -> bytes:
    """MessagePack of a value, by its specification: short forms where they fit."""
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        return struct.pack("b", value) if -32 <= value < 128 else b"\xd3" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        data = value.encode()
        return (bytes([0xA0 | len(data)]) if len(data) < 32 else b"\xda" + struct.pack(">H", len(data))) + data
    if isinstance(value, bytes):
        return b"\xc6" + struct.pack(">I", len(value)) + value
    if isinstance(value, dict):
        start = bytes([0x80 | len(value)]) if len(value) < 16 else b"\xde" + struct.pack(">H", len(value))
        return start + b"".join(packed(item) for pair in value.items() for item in pair)
    start = bytes([0x90 | len(value)]) if len(value) < 16 else b"\xdc" + struct.pack(">H", len(value))
    return start + b"".join(map(packed, value))


def docbin(*docs: tuple[list[tuple[str, bool]], dict[str, float]], **more: Any) -> bytes:
    tokens = [token for words, _ in docs for token in words]
    codes = [[7, string_hash(word)] for word, _ in tokens]
    content = {
        "version": "0.1",
        "attrs": [300, 65],
        "tokens": np.array(codes, dtype="<u8").tobytes(),
        "lengths": np.array([len(words) for words, _ in docs], dtype="<i4").tobytes(),
        "spaces": bytes(space for _, space in tokens),
        "strings": sorted({word for word, _ in tokens}),
        "cats": [cats for _, cats in docs],
        "more": more,
    }
    return zlib.compress(packed(content))


def test_texts_and_categories():
    odd = {"negative": -5, "large": -(2**40), "long": "x" * 40, "none": None, "yes": True, "no": False}
    many = {str(number): [number] * 20 for number in range(20)}
    data = docbin(
        ([("Rain", True), ("，雨", False), ("\n", False), ("😀", True)], {"A": 1.0}),
        ([("b", False)], {}),
        **odd,
        **many,
    )
    assert read_docbin(data) == [("Rain ，雨\n😀 ", {"A": 1.0}, None), ("b", {}, None)]


def test_entities_unset_and_empty_ones_and_names_that_are_numbers_of_spacy():
    """ENT_IOB is 3 at the first token of an entity, 1 inside, 2 outside, 0 where nobody said; ORG is spaCy's 383."""
    words = ["New", "York", "and", "EU", "none", "unset"]
    marks = [(3, string_hash("LOC")), (1, string_hash("LOC")), (2, 0), (3, 383), (2, 0), (0, 0)]
    codes = [[string_hash(word), *mark] for word, mark in zip(words, marks, strict=True)]
    content = {
        "attrs": [65, 77, 78],
        "tokens": np.array(codes, dtype="<u8").tobytes(),
        "lengths": np.array([4, 1, 1], dtype="<i4").tobytes(),
        "spaces": bytes([1, 1, 1, 0, 0, 0]),
        "strings": [*words, "LOC"],
        "cats": [{}, {}, {}],
    }
    assert read_docbin(zlib.compress(packed(content))) == [
        ("New York and EU", {}, [(0, 8, "LOC"), (13, 15, "ORG")]),
        ("none", {}, []),
        ("unset", {}, None),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a", 11901859001352538922),
        ("abcdefgh", 17751780907874141760),
        ("naïve", 16224804062388677344),
        ("中文字符很长很长", 10994893806794410529),
        ("", 0),
    ],
)
def test_hashes_are_those_of_spacy(text, code):
    """The numbers are `nlp.vocab.strings[text]` of spaCy 3.8.18."""
    assert string_hash(text) == code


@pytest.mark.parametrize(
    "data",
    [
        b"no stream",
        docbin(([("a", True)], {}))[:-9],
        zlib.compress(b""),
        zlib.compress(b"\xc1"),
        zlib.compress(packed({"strings": []})),
        zlib.compress(packed([1])),
        zlib.compress(b"\xa2\xff\xff"),
        zlib.compress(b"\xcb\0"),
    ],
)
def test_damaged_files_are_told(data):
    with pytest.raises(ValueError, match=r"."):
        read_docbin(data)


def test_words_that_spacy_knows_by_number_are_not_lost():
    """ "agent" is the relation 401, "X" the part of speech 101, "_" the symbol 456: none of them is listed."""
    content = {
        "attrs": [65],
        "tokens": np.array([401, string_hash("is"), 101, 456], dtype="<u8").tobytes(),
        "lengths": np.array([4], dtype="<i4").tobytes(),
        "spaces": bytes([1, 1, 1, 0]),
        "strings": ["is"],
        "cats": [{}],
    }
    assert read_docbin(zlib.compress(packed(content))) == [("agent is X _", {}, None)]
    with pytest.raises(ValueError, match="300"):
        read_docbin(zlib.compress(packed(content | {"tokens": np.array([300] * 4, dtype="<u8").tobytes()})))
