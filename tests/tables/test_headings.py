import pytest

from tunebook.tables.headings import COLUMNS, column, headings, known_headings


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
