"""The page of a run's scores is written anew of what is kept, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import small
from tests.books import Trained
from tunebook.core.errors import BookError
from tunebook.verbs.run_report import PREDICTIONS, REPORT, again, rewrite_report, train_words
from tunebook.verbs.steps.book import open_book


@pytest.mark.parametrize("kind", small.KINDS)
def test_it_is_what_it_was(kind: str, trained: Callable[[str], Trained]) -> None:
    run = trained(kind).run
    place = run.path / "report.html"
    before = sorted(place.read_text(encoding="utf-8").split())
    place.write_text("", encoding="utf-8")
    assert rewrite_report(run) == place and sorted(place.read_text(encoding="utf-8").split()) == before


def test_what_it_would_be_written_of_is_gone(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    found = trained("binary")
    run = open_book(shutil.copytree(found.book.path, tmp_path / "book")).run(found.run.id)
    assert rewrite_report(run, "validation") is None, "nobody has looked at these rows"
    other = (run.path / REPORT).read_text(encoding="utf-8").replace(found.report.content, "other")
    (run.path / REPORT).write_text(other, encoding="utf-8")
    assert rewrite_report(run) is None, "of other rows"
    (run.path / REPORT).write_text(other.replace('"other"', f'"{found.report.content}"'), encoding="utf-8")
    (run.path / PREDICTIONS).write_text("{", encoding="utf-8")
    with pytest.raises(BookError, match=r"file\.damaged"):
        rewrite_report(run)
    (run.path / PREDICTIONS).unlink()
    assert rewrite_report(run) is None


def test_how_to_repeat_it(trained: Callable[[str], Trained]) -> None:
    run = trained("binary").run
    words = train_words(run, "book")
    assert words[:3] == ["train", "book", "--table"] and again(run)[1] == "tunebook eval BOOK --run latest"
