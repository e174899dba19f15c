"""tunebook correct: from a file to the version in force, and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console
from tests.books import base, book  # noqa: F401

from tunebook.cli.answer import Answer
from tunebook.cli.correct import correct
from tunebook.core.errors import BookError
from tunebook.data.load import load_table
from tunebook.verbs.correct import correct as put_right
from tunebook.verbs.steps.book import Book, open_book


def a_row(book: Book) -> tuple[str, str, str]:  # noqa: F811
    """Id, label and another label."""
    table = load_table(book.data)
    label = table["label"].to_pylist()[0]
    return table["_id"].to_pylist()[0], label, next(name for name in book.data.labels.names if name != label)


def test_the_new_version_is_in_force_and_logged(book: Book, tmp_path: Path) -> None:  # noqa: F811
    key, old, new = a_row(book)
    file = tmp_path / "put-right.csv"
    file.write_text(f"id,label\n{key},{new}\n", encoding="utf-8")
    dry = correct(book.path, file, dry_run=True).data
    assert dry["changed"] == [key] and not dry["kept"] and list(open_book(book.path).data_versions) == [1]
    done = correct(book.path, file, owner="Bo", reason="read again")
    now = open_book(book.path)
    assert now.file.data == done.data["data_version"] == 2 and now.data.content == done.data["content"]
    assert (now.path / "data-v2" / "report.html").is_file() and load_table(now.data)["label"].to_pylist()[0] == new
    last = now.log.entries("correct")[-1]
    assert (last.actor, last.reason) == ("Bo", "read again")
    made = put_right(now, {key: old})
    assert (made.version, made.base) == (3, 2) and load_table(open_book(book.path).data)["label"].to_pylist()[0] == old
    assert any("--adopt v1" in line for line in done.next)


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_suggestions_for_rows_that_models_are_scored_on_are_warned_of(book: Book, tmp_path: Path, part: str) -> None:  # noqa: F811
    table = load_table(book.data)
    place = table["_split"].to_pylist().index(part)
    old = table["label"].to_pylist()[place]
    new = next(name for name in book.data.labels.names if name != old)
    file = tmp_path / "suspects.csv"
    file.write_text(f"id,label,suggestion\n{table['_id'].to_pylist()[place]},{new},{new}\n", encoding="utf-8")
    taken = correct(book.path, file, column="suggestion", dry_run=True)
    assert taken.data["changed_of"] == {part: 1}
    assert ("suggestion" in taken.data["warning"]) == (part != "train")
    read = correct(book.path, file, dry_run=True)
    assert read.data["changed_of"] == {part: 1} and "suggestion" not in read.data["warning"]
    assert all(("scores from before" in told(made)) == (part != "train") for made in (taken, read))
    shown = told(taken)
    assert ("scored on" in shown) == (part != "train") and "--adopt" not in shown
    assert "--adopt v1" in told(correct(book.path, file))


def test_a_row_that_is_dropped_is_one_that_models_are_scored_on_too(book: Book, tmp_path: Path) -> None:  # noqa: F811
    table = load_table(book.data)
    held = [key for key, split in zip(table["_id"].to_pylist(), table["_split"].to_pylist(), strict=True)
            if split == "validation"]  # fmt: skip
    labels = dict(zip(table["_id"].to_pylist(), table["label"].to_pylist(), strict=True))
    other = next(name for name in book.data.labels.names if name != labels[held[0]])
    file = tmp_path / "put-right.csv"
    file.write_text(f"id,label\n{held[0]},{other}\n{held[1]},\n", encoding="utf-8")
    made = correct(book.path, file, dry_run=True)
    assert made.data["changed_of"] == {"validation": 2} and "2 of these rows" in told(made)


def told(answer: Answer) -> str:
    """What people are shown."""
    screen = Console(width=400)
    with screen.capture() as caught:
        answer.tell(screen)
    return caught.get()


def test_two_at_once_do_not_write_one_version(book: Book) -> None:  # noqa: F811
    from tunebook.core.folders import folder_of

    key, _, new = a_row(book)
    busy = BookError("correct.busy", key="x")
    with folder_of(book.path / "data-v2", used=busy, busy=busy) as part:
        with pytest.raises(BookError, match=r"correct\.busy"):
            put_right(book, {key: new})
        (part / "x").write_text("x", encoding="utf-8")
