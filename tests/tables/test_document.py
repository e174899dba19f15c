from __future__ import annotations

import pytest

from tunebook.core.errors import TableError
from tunebook.tables.document import (
    COLUMNS,
    column,
    fact,
    fact_headings,
    from_data,
    given_row,
    headings,
    known_headings,
)
from tunebook.tables.make import ABSENT, Given


def refused(data, code):
    with pytest.raises(TableError) as caught:
        from_data(data, "file")
    assert caught.value.code == code
    assert str(caught.value)


def test_flat_and_nested():
    found = from_data({"lr": 1, "fade": {"first": 1, "last": 2}, "shake": {}, "seed": None}, "file")
    assert found.rows == {
        "lr": Given(1),
        "fade.first": Given(1),
        "fade.last": Given(2),
        "shake": Given({}),
        "seed": Given(None),
    }
    assert found.facts == {}


def test_rows_by_name_in_either_language():
    found = from_data({"lr": {"value": 1, "reason": "x"}, "seed": {"取值": 2, "推荐新值": None, "效果": 0.5}}, "file")
    assert found.rows == {"lr": Given(1, reason="x"), "seed": Given(2, effect=0.5)}


def test_in_full():
    found = from_data({"version": 2, "note": "n", "content": "hash", "rows": {"lr": 1}}, "file")
    assert found.facts == {"version": 2, "note": "n"}
    assert found.rows == {"lr": Given(1)}


def test_a_list_of_rows():
    data = [{"参数名称": " lr ", "默认值": 1, "推荐新值": None, "说明": None}, {"name": "seed", "value": 3}]
    assert from_data(data, "file").rows == {"lr": Given(default=1), "seed": Given(3)}
    assert from_data({"rows": data}, "file").rows["seed"] == Given(3)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (3, "table.not_table"),
        ("text", "table.not_table"),
        (None, "table.empty"),
        ({"rows": {"lr": 1}, "note": "a", "备注": "b"}, "table.column_twice"),
        ({"lr": {"value": 1, "reson": "x"}}, "table.column"),
        ({"rows": 3}, "table.not_table"),
        ([1], "table.not_table"),
        ({}, "table.empty"),
        ([], "table.empty"),
        ({"rows": {}}, "table.empty"),
        ({"rows": {"lr": 1}, "learning_rate": 2}, "table.fact"),
        ([{"name": "lr", "colour": 1}], "table.column"),
        ([{"value": 1}], "table.nameless"),
        ([{"name": " ", "value": 1}], "table.nameless"),
        ([{"name": "lr", "value": 1}, {"name": "lr", "value": 1}], "row.twice"),
    ],
)
def test_refused(data, code):
    refused(data, code)


def test_given_row():
    assert given_row({}) == Given()
    assert given_row({"effect": "none", "recommended": None, "description": 3}) == Given(description="3")
    assert given_row({"default": None}).default is None
    assert given_row({"default": None}).value is ABSENT


def test_chinese_words_around_the_rows():
    found = from_data(
        {"版本": 2, "父版本": 1, "备注": "试验", "负责人": "安", "参数": {"lr": {"取值": 1, "理由": "x"}}}, "file"
    )
    assert found.facts == {"version": 2, "parent": 1, "note": "试验", "owner": "安"}
    assert found.rows == {"lr": Given(1, reason="x")}


def test_comments_go_behind_reasons_and_the_note():
    document = from_data({"note": "n", "rows": {"lr": {"value": 1, "reason": "x"}, "seed": 1}}, "file")
    found = document.annotated({"lr": "y", "seed": "z", "gone": "of none"}, "n")
    assert (found.rows["lr"].reason, found.rows["seed"].reason) == ("x\ny", "z")
    assert found.facts["note"] == "n\nof none"
    assert document.annotated({}).facts == {"note": "n"}


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("name", "name"),
        (" Name ", "name"),
        ("PARAMETER_NAME", "name"),
        ("参数名称", "name"),
        ("默认值", "default"),
        ("推荐新值", "recommended"),
        ("取值", "value"),
        ("说明", "description"),
        ("理由", "reason"),
        ("效果", "effect"),
        ("ｖａｌｕｅ", "value"),
        ("colour", None),
        (None, None),
        (3, None),
    ],
)
def test_column(heading, expected):
    assert column(heading) == expected


@pytest.mark.parametrize("code", ["en", "zh"])
def test_headings_name_every_column(monkeypatch, code):
    monkeypatch.setenv("TUNEBOOK_LANG", code)
    assert tuple(column(heading) for heading in headings()) == COLUMNS


def test_known_headings_lists_both_languages():
    assert "name/参数名称" in known_headings()


@pytest.mark.parametrize(("word", "name"), [("版本", "version"), (" Note ", "note"), ("负责人", "owner"), ("x", None)])
def test_facts_in_both_languages(word, name):
    assert fact(word) == name


def test_facts_in_the_users_language(monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert all(fact(word) == name for name, word in fact_headings().items())
    assert fact_headings()["note"] == "备注"
