import pytest
from tests.knowledge.lessons import lesson

from tunebook.core.verdict import RowEffect
from tunebook.knowledge.lesson import anonymous, told_last

PRIVATE = ["hotel", "Ann", "/home/ann", "secret", "larger steps"]


@pytest.mark.parametrize(("rows", "size"), [(999, "small 小"), (1_000, "medium 中"), (20_000, "large 大")])
def test_the_text_holds_size_and_language_in_both_languages(rows, size):
    text = lesson("a", rows=rows, language="zh").text
    assert size in text and "chinese 中文" in text
    assert "text classification" in text and "分类" in text
    assert "learning_rate 5e-05 0.0001" in text and "larger steps" in text and "hotel" in text


def test_the_size_of_the_model():
    assert " 23M " in lesson("a", parameters=22_713_728).text
    assert lesson("a").model_size == ""


def test_the_text_of_numbers():
    assert "数值" in lesson("a", classes=0, problem="regression", language="fr").text


def test_nothing_private_is_left():
    found = lesson(
        "a", model="/home/ann/models/secret", local=True, reason="Ann said so",
        changed=[
            {"row": "base_model", "from": "/home/ann/models/secret", "to": "builtin:minilm"},
            {"row": "base_model", "from": "C:\\Users\\Ann\\secret", "to": "./secret"},
            {"row": "x.note", "from": "a secret sentence", "to": None},
            {"row": "x.layers", "from": ["embeddings", "/home/ann"], "to": "off"},
            {"row": "seed", "from": 1, "to": True},
        ],
    )  # fmt: skip
    left = anonymous(found)
    text = left.model_dump_json()
    assert not [word for word in PRIVATE if word.lower() in text.lower()]
    assert (left.book, left.reason, left.model) == ("", "", "local")
    assert left.changed[0] == {"row": "base_model", "from": "local", "to": "builtin:minilm"}
    assert left.changed[1] == {"row": "base_model", "from": "local", "to": "local"}
    assert left.changed[2]["from"].startswith("#") and left.changed[2]["to"] is None
    assert left.changed[3]["from"][0] == "embeddings" and left.changed[3]["from"][1].startswith("#")
    assert left.changed[4] == {"row": "seed", "from": 1, "to": True}
    assert (left.key, left.gain, left.rows) == (found.key, found.gain, found.rows)
    assert anonymous(left) == left


def test_reasons_only_on_request_and_names_of_books_never():
    left = anonymous(lesson("a"), with_reasons=True)
    assert (left.reason, left.book) == ("larger steps", "")


def test_a_local_folder_with_a_name_like_one_of_a_hub():
    found = lesson("a", model="models/secret", local=True)
    assert anonymous(found).model == "local"
    assert anonymous(found.model_copy(update={"local": False})).model == "models/secret"


def test_of_a_test_only_what_it_told_last_is_kept():
    first = lesson("a", test="t", date="2026-05-01")
    told = first.model_copy(update={"key": "b", "reason": "again"})
    other = lesson("c", test="u", date="2026-05-01")
    table = lesson("d", action="table", test="t", date="2026-04-01")
    assert [item.key for item in told_last([table, first, other, told])] == ["d", "c", "b"]
    known = first.model_copy(update={"effects": [RowEffect(row="x", effect=0.1, lower=0.0, upper=0.2)]})
    assert [item.key for item in told_last([known, told])] == ["a"]
