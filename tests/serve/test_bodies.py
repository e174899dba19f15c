"""What is wrong with a body is told field by field, and never by repeating a text."""

from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.serve.bodies import Predict, Rerank, Told, ToldMany, read, read_told


def refused(kind, body):
    with pytest.raises(DataError) as found:
        read(kind, body if isinstance(body, bytes) else json.dumps(body).encode())
    return [(error.code, error.key, error.allowed) for error in (found.value, *found.value.others)]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"nan", b"{", b"\xff\xfe", b'{"text": "\xed\xa0\x80"}', b'{"text": "\\ud800"}', b"[" * 100_000,
        b'{"text": "a"} x',
    ],
)  # fmt: skip
def test_what_is_no_json(body):
    assert [code for code, _, _ in refused(Predict, body)] == ["serve.json"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ([1], [("serve.field", "body", "object")]),
        ({}, [("serve.one_of", "text | texts", "")]),
        ({"text": "a", "texts": ["b"]}, [("serve.one_of", "text | texts", "")]),
        ({"text": 3}, [("serve.field", "text", "string")]),
        ({"texts": []}, [("serve.field", "texts", ">= 1")]),
        ({"texts": "abc"}, [("serve.field", "texts", "list")]),
        ({"text": "a", "top_k": 0}, [("serve.field", "top_k", ">= 1")]),
        ({"text": "a", "top_k": True}, [("serve.field", "top_k", "int")]),
        ({"text": "a", "top_k": 1.5}, [("serve.field", "top_k", "int")]),
        ({"text": "a", "user": "u" * 300}, [("serve.field", "user", "<= 256")]),
        (
            {"texts": ["a", 3, None], "tpo_k": 1},
            [
                ("serve.field", "texts[1]", "string"), ("serve.field", "texts[2]", "string"),
                ("serve.unknown", "tpo_k", "text | texts | user | pair | pairs | top_k"),
            ],
        ),
    ],
)  # fmt: skip
def test_fields_of_a_prediction(body, found):
    assert refused(Predict, body) == found


def test_an_unknown_field_is_likened_to_a_known_one():
    with pytest.raises(DataError) as found:
        read(Predict, b'{"text": "a", "tpo_k": 1}')
    assert "top_k" in found.value.advice


def test_a_text_that_is_wrong_is_not_repeated():
    with pytest.raises(DataError) as found:
        read(Predict, b'{"texts": {"secret": "words"}}')
    assert "secret" not in str(found.value)


def test_second_texts():
    assert read(Predict, b'{"text": "a", "pair": "b"}').second == ["b"]
    assert read(Predict, b'{"texts": ["a", "b"], "pairs": ["c", "d"]}').second == ["c", "d"]
    assert read(Predict, b'{"texts": ["a"]}').second is None
    for body in (
        b'{"text": "a", "pairs": ["b"]}', b'{"texts": ["a"], "pair": "b"}', b'{"texts": ["a"], "pairs": ["b", "c"]}',
    ):  # fmt: skip
        with pytest.raises(DataError) as found:
            assert read(Predict, body).second
        assert found.value.code == "serve.pairs"


def test_what_is_told_of_a_request():
    assert read(Told, b'{"request": "a", "value": true}').value is True
    assert read(Told, b'{"request": "a", "value": "bad"}').value == "bad"
    assert read(Told, b'{"request": "a", "value": 1.5, "name": "bought", "number": 2}').number == 2
    assert refused(Told, b'{"request": "a", "value": NaN}') == [
        ("serve.field", "value", "string | number | true | false")
    ]
    assert refused(Told, b'{"request": "a", "value": null}')[0][:2] == ("serve.field", "value")
    assert refused(Told, b'{"value": 1}') == [("serve.missing", "request", "")]
    assert refused(Told, b'{"request": "a", "value": 1, "name": "a b"}')[0][:2] == ("serve.field", "name")
    assert refused(ToldMany, {"items": [{"request": "a", "value": 1, "naem": "x"}]})[0][:2] == (
        "serve.unknown",
        "items[0].naem",
    )


def test_numbers_that_the_log_cannot_hold():
    told = '{"request": "a", "value": %s}'
    assert read(Told, (told % (2**53)).encode()).value == 2**53
    assert read(Told, (told % (10**20)).encode()).value == 1e20
    for value in ("1" + "0" * 400, "-1" + "0" * 400, "1e999"):
        assert refused(Told, (told % value).encode())[0][:2] == ("serve.field", "value")
    for number in (1 << 20, 2**63, 10**30, -1):
        found = refused(Told, f'{{"request": "a", "value": 1, "number": {number}}}'.encode())
        assert found[0][:2] == ("serve.field", "number")
    assert read(Told, f'{{"request": "a", "value": 1, "number": {(1 << 20) - 1}}}'.encode()).number == (1 << 20) - 1


def test_a_query_with_passages():
    assert read(Rerank, b'{"query": "a", "passages": ["b"]}').passages == ["b"]
    assert refused(Rerank, b'{"query": "a", "passages": []}') == [("serve.field", "passages", ">= 1")]


def test_feedback_is_of_one_text_or_of_several():
    assert [one.name for one in read_told(b'{"request": "items", "value": 1, "name": "items"}')] == ["items"]
    assert len(read_told(b'{"items": [{"request": "a", "value": 1}, {"request": "b", "value": 2}]}')) == 2
    for body, code in ((b"[]", "serve.field"), (b"{", "serve.json"), (b'{"items": 3}', "serve.field")):
        with pytest.raises(DataError) as found:
            read_told(body)
        assert found.value.code == code
