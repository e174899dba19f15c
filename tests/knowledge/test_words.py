import pytest

from tunebook.knowledge.words import pieces


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("", []),
        ("  small  Chinese  ", ["small", "chinese"]),
        ("分类", ["分类"]),
        ("中", ["中"]),
        ("小样本，中文分类", ["小样", "样本", "中文", "文分", "分类"]),
        ("用bert做分类, bert", ["用", "bert", "做分", "分类"]),
        ('a"b learning_rate', ['a"b', "learning_rate"]),
    ],
)
def test_pieces(question, expected):
    assert pieces(question) == expected
