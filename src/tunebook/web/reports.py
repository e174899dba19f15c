"""Reports as they were written: in which language, and how one is written anew of what its command has kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from tunebook.core.errors import BookError
from tunebook.core.nouns import SPLITS, Split, read_json
from tunebook.verbs.steps.book import Book

_LANG = re.compile(r'<html lang="(\w+)')
_T = TypeVar("_T")
_HEAD = 200  # characters in which the language stands


def written_in(path: Path) -> str:
    """The language of a report, as `en`; empty where it does not say."""
    with suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        found = _LANG.search(file.read(_HEAD))
        return found[1] if found else ""
    return ""


def writer_of(book: Book, path: str) -> Callable[[], object] | None:
    """What writes a report anew in the language of who asks; None where only its command does.

    Called, it raises a BookError where what it would be written of is gone or damaged.
    """
    for pattern, write in _WRITERS:
        if found := re.fullmatch(pattern, path):
            return partial(write, book, book.path / path, found[1])
    return None


def _of_curve(book: Book, place: Path, name: str) -> object:
    from tunebook.report.curve import write_curve
    from tunebook.verbs.curve import read_curve

    return write_curve(place, _kept(read_curve(book, name), place))


def _of_scores(book: Book, place: Path, run: str) -> object:
    from tunebook.verbs.run_report import rewrite_report

    split: Split = next((name for name in SPLITS if name == place.parent.name), "test")
    return _kept(rewrite_report(book.run(run), split), place)


def _of_rating(book: Book, place: Path, study: str) -> object:
    from tunebook.rating.records import RatingResult
    from tunebook.report.rating import write_rating_page
    from tunebook.verbs.rate import RESULT, open_rating

    return write_rating_page(open_rating(book, study), read_json(RatingResult, place.with_name(RESULT)), book)


def _of_errors(book: Book, place: Path, run: str) -> object:
    from tunebook.report.errors import write_errors
    from tunebook.verbs.errors import places_of, read_errors

    found = book.run(run)
    return write_errors(place, _kept(read_errors(found), place), places_of(found, "validation"))


def _of_challenge(book: Book, place: Path, run: str) -> object:
    from tunebook.report.challenge import write_challenge_page
    from tunebook.verbs.challenge import read_challenge

    return write_challenge_page(place, _kept(read_challenge(book.run(run)), place))


def _of_explanations(book: Book, place: Path, run: str) -> object:
    from tunebook.report.explain import write_page_of
    from tunebook.verbs.explain import read_explanations

    what = place.stem.removeprefix("explain-")
    return write_page_of(place, _kept(read_explanations(book.run(run), what=what), place))


def _kept(found: _T | None, place: Path) -> _T:
    if found is None:
        raise BookError("ui.report_gone", key=str(place))
    return found


_WRITERS: tuple[tuple[str, Callable[[Book, Path, str], object]], ...] = (
    (r"curves/([^/]+)/curve\.html", _of_curve),
    (r"ratings/([^/]+)/result\.html", _of_rating),
    (r"runs/([^/]+)/(?:(?:train|validation)/)?report\.html", _of_scores),
    (r"runs/([^/]+)/validation/errors\.html", _of_errors),
    (r"runs/([^/]+)/validation/challenge\.html", _of_challenge),
    (r"runs/([^/]+)/validation/explain-\w+\.html", _of_explanations),
)

__all__ = ["writer_of", "written_in"]
