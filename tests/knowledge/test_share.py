import pytest
from tests.knowledge.lessons import lesson

from tunebook.core.errors import DataError
from tunebook.knowledge.index import Index
from tunebook.knowledge.share import from_lines, to_lines

LESSONS = [lesson("a"), lesson("b", reason="because Ann said so", model="/srv/secret", local=True)]


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
