"""A file of a book that cannot be read is told by what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.core.errors import BookError
from tunebook.core.folders import damaged, on_one_line, read_history, read_object, reading
from tunebook.core.nouns import TableRow, read_json


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "file.missing"),
        (b"", "file.damaged"),
        (b'{"value": 1, "defa', "file.damaged"),
        (b"\xff\xfe\x00", "file.damaged"),
        (b"[]", "file.damaged"),
        (b'{"default": 1}', "file.damaged"),
        (b'{"value": 1, "colour": "red"}', "file.newer"),
    ],
)
def test_a_record(content: bytes | None, code: str, tmp_path: Path) -> None:
    path = tmp_path / "row.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BookError) as caught:
        read_json(TableRow, path)
    assert (caught.value.code, caught.value.key) == (code, str(path))
    assert "\n" not in caught.value.message and "https" not in caught.value.message and caught.value.advice
    if code == "file.newer":
        assert caught.value.value == "colour"


def test_an_object_with_what_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "it.json"
    path.write_text('{"seconds": 2}')
    assert read_object(path, "seconds") == {"seconds": 2}
    for needed, text in (("steps", '{"seconds": 2}'), ("seconds", "[1]"), ("seconds", "nul")):
        path.write_text(text)
        with pytest.raises(BookError) as caught:
            read_object(path, needed)
        assert caught.value.code == "file.damaged"


def test_other_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), reading(tmp_path):
        raise ZeroDivisionError
    assert damaged(tmp_path, ValueError()).fields["reason"] == on_one_line(ValueError()) == "ValueError"


def test_entries_up_to_a_cut(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert read_history(path) == []
    path.write_text('{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.4}\n{"step": 3, "lo')
    assert read_history(path) == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.4}]
