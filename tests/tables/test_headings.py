import pytest

from tunebook.tables.headings import COLUMNS, column, fact, fact_headings, headings, known_headings


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
