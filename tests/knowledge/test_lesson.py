from __future__ import annotations

import pytest
from tests.knowledge.lessons import lesson

from tunebook.core.errors import DataError
from tunebook.core.verdict import RowEffect
from tunebook.knowledge.index import Index
from tunebook.knowledge.lesson import anonymous, from_lines, to_lines, told_last

PRIVATE = ["hotel", "Ann", "/home/ann", "secret", "larger steps"]
LESSONS = [lesson("a"), lesson("b", reason="because Ann said so", model="/srv/secret", local=True)]


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


def test_a_line_ends_where_the_file_says(tmp_path):
    path = tmp_path / "lessons.jsonl"
    told = LESSONS[0].model_copy(update={"reason": "one\u2028two\x85three"})
    path.write_text(f"{told.model_dump_json()}\r\n{LESSONS[1].model_dump_json()}", encoding="utf-8")
    assert [item.reason for item in from_lines(path)] == ["one\u2028two\x85three", LESSONS[1].reason]


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


def test_there_and_back(tmp_path):
    path = tmp_path / "lessons.jsonl"
    path.write_text(to_lines(LESSONS) + "\n")
    mine, theirs = Index(tmp_path / "mine.sqlite"), Index(tmp_path / "theirs.sqlite")
    mine.add(LESSONS)
    assert theirs.add(from_lines(path)) == 2
    assert theirs.add(from_lines(path)) == 0
    assert mine.add(from_lines(path)) == 0
    assert [item.book for item in mine.find()] == ["hotel", "hotel"]
    assert [item.gain for item in theirs.find()] == [0.03, 0.03]


def test_nothing_private_is_in_the_file(tmp_path):
    text = to_lines(LESSONS)
    assert not [word for word in ("hotel", "Ann", "secret", "srv", "larger steps") if word in text]
    with_reasons = to_lines(LESSONS, with_reasons=True)
    assert "Ann" in with_reasons and "hotel" not in with_reasons and "secret" not in with_reasons


def test_files_of_others_bring_no_names_of_books(tmp_path):
    path = tmp_path / "lessons.jsonl"
    path.write_text(LESSONS[0].model_dump_json())
    assert [(item.book, item.reason) for item in from_lines(path)] == [("", "larger steps")]


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"key": "x"}', LESSONS[0].model_dump_json().replace('"gain":0.03', '"gain":"much"'),
     LESSONS[0].model_dump_json().replace('"row":', '"line":'), f'{{"reason": "{"x" * (1 << 20)}"}}'],
)  # fmt: skip
def test_a_line_that_is_no_lesson(tmp_path, line):
    path = tmp_path / "lessons.jsonl"
    path.write_text(f"{to_lines(LESSONS[:1])}\n{line}\n")
    with pytest.raises(DataError) as caught:
        list(from_lines(path))
    assert (caught.value.code, caught.value.fields["number"]) == ("index.line", 3)


@pytest.mark.parametrize("data", [None, b"\xff\xfe\xfa"])
def test_a_file_that_cannot_be_read(tmp_path, data):
    path = tmp_path / "lessons.jsonl"
    if data:
        path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        list(from_lines(path))
    assert caught.value.code == "index.file"
