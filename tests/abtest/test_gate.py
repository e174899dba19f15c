"""The gate of a book, as book.toml may say it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from tunebook.abtest.gate import Gate
from tunebook.verbs.book import BOOK_FILE, Book, BookFile, write_book_file


def test_a_book_without_a_gate_has_the_usual_one(tmp_path: Path) -> None:
    (tmp_path / BOOK_FILE).write_text('task = "t"\n', encoding="utf-8")
    gate = Book(tmp_path).file.gate
    assert (gate.delta, gate.delta_kind, gate.alpha, gate.seeds, gate.looks) == (0.02, "absolute", 0.05, 5, [3, 5, 10])


def test_what_is_written_is_read(tmp_path: Path) -> None:
    gate = Gate(
        metric="macro_f1",
        delta=0.01,
        delta_kind="relative",
        alpha=0.1,
        seeds=7,
        looks=[],
        guard={"time": 0.2, "size": "off"},
    )
    file = BookFile(task="t", sources={"train": ["a.csv"]}, gate=gate)
    write_book_file(file, tmp_path)
    assert Book(tmp_path).file == file


def test_the_old_name_of_a_guard_is_read() -> None:
    assert Gate(guard={"worst_class": 0.1, "time": "off"}).guard == {"class": 0.1, "time": "off"}


@pytest.mark.parametrize(
    "wrong", [{"delta": -1}, {"alpha": 0}, {"alpha": 0.6}, {"seeds": 1}, {"guard": {"time": "x"}}, {"other": 1}]
)
def test_what_it_refuses(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        Gate(**wrong)
