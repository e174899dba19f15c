from __future__ import annotations

import random
from pathlib import Path

import pytest

from tunebook.core.errors import DataError
from tunebook.data.encoding import decode

HERE = Path("file.csv")
CHINESE = "内容,标签\n这家酒店的服务非常好，下次还会再来。,好\n房间很小，早餐也很差。,差\n"
TRADITIONAL = "內容,標籤\n這家酒店的服務非常好，下次還會再來。,好\n房間很小，早餐也很差。,差\n"
FRENCH = "text,label\nLe café était très bon, déjà réservé pour l'été,bon\nC'était décevant,mauvais\n"


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-8-sig", "utf-8"),
        (CHINESE, "gb18030", "gb18030"),
        (CHINESE, "gbk", "gb18030"),
        (TRADITIONAL, "big5", "big5hkscs"),
        (CHINESE, "utf-16", "utf-16-le"),
        (CHINESE, "utf-32", "utf-32-le"),
        (CHINESE, "utf-16-le", "utf-16-le"),
        (CHINESE, "utf-16-be", "utf-16-be"),
        (FRENCH, "utf-16-be", "utf-16-be"),
        (FRENCH, "latin-1", "cp1252"),
        (FRENCH, "cp1252", "cp1252"),
        ("plain,ascii\n", "ascii", "utf-8"),
    ],
)
def test_finds_the_encoding(text, encoding, found):
    result = decode(text.encode(encoding), HERE)
    assert result.data.decode() == text
    assert result.encoding == found
    assert result.guessed == (not (found == "utf-8" or encoding in ("utf-16", "utf-32")))
    assert result.broken == ()


def test_latin_1_with_bytes_that_windows_lacks():
    assert (
        decode("caf\xe9 na\xefve \x81 d\xe9j\xe0 vu et plus encore de mots".encode("latin-1"), HERE).encoding
        == "latin-1"
    )


def test_damaged_utf8_names_the_lines():
    data = CHINESE.encode() * 20
    lines = data.split(b"\n")
    lines[3] = lines[3][:-1] + b"\xff"
    found = decode(b"\r\n".join(lines), HERE)
    assert found.encoding == "utf-8"
    assert found.broken == (4,)
    assert "\ufffd" in found.data.decode().split("\n")[3]


def test_line_ends_become_alike():
    assert decode(b"a\r\nb\r\n", HERE).data == b"a\nb\n"
    assert decode(b"a\rb\r", HERE).data == b"a\nb\n"
    assert decode(b"a\rb\n", HERE).data == b"a b\n"


def test_a_given_encoding_is_kept_to():
    assert decode(CHINESE.encode("gbk"), HERE, "GBK").data.decode() == CHINESE
    assert decode(b"\xef\xbb\xbfa\n", HERE, "utf-8").data == b"a\n"
    with pytest.raises(DataError) as caught:
        decode(b"fine\nbad \xff\n", HERE, "utf-8")
    assert caught.value.code == "data.encoding"
    assert "line 2" in caught.value.message
    for name in ("klingon", "base64"):
        with pytest.raises(DataError) as caught:
            decode(b"a", HERE, name)
        assert caught.value.code == "data.encoding_name"
    for name in ("punycode", "undefined"):
        with pytest.raises(DataError) as caught:
            decode(b"a..\xff", HERE, name)
        assert caught.value.code == "data.encoding"


def test_binary_and_undecodable_files_are_refused():
    noise = random.Random(3).randbytes(4000)
    for data in (b"\x89PNG\r\n" + bytes(range(32)) * 40, noise):
        with pytest.raises(DataError) as caught:
            decode(data, HERE)
        assert caught.value.code in ("data.binary", "data.encoding")
    russian = "Отличный отель, очень понравилось обслуживание\n" * 5
    with pytest.raises(DataError) as caught:
        decode(russian.encode("cp1251"), HERE)
    assert caught.value.code == "data.encoding"
    assert "encoding" in caught.value.advice


def test_broken_pairs_are_not_utf_16():
    with pytest.raises(DataError) as caught:
        decode(b"a\0" * 20 + b"\x00\xdc" + b"b\0" * 200, HERE)
    assert caught.value.code == "data.binary"


def test_a_few_zero_bytes_are_text():
    found = decode(b"text,label\na\0b,x\n" + b"more text,y\n" * 30, HERE)
    assert found.encoding == "utf-8"
    assert b"a\0b" in found.data


def test_a_cut_character_at_the_end_of_the_sample_is_no_fault(monkeypatch):
    monkeypatch.setattr("tunebook.data.encoding._SAMPLE", 34)
    text = "a\U0001f601" * 40 + "\n"
    assert decode(text.encode("utf-16-le"), HERE).data.decode() == text
