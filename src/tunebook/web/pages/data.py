"""The rows of a book: what is known of them, each of them, and labels put right."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.errors import DataError, TunebookError
from tunebook.core.locations import data_name
from tunebook.core.nouns import SPLITS
from tunebook.web.asked import Asked, Given
from tunebook.web.page import Page

router = APIRouter()
PAGE = Page(router, "data", 10)


@router.get("/book/{name}/data")
def data(asked: Given, name: str) -> Response:
    """What is known of the rows: figures, warnings, what was dropped, versions, and the report."""
    from tunebook.report.rows import data_view

    book = asked.book(name)
    report = f"{data_name(book.file.data)}/report.html"
    return asked.book_page(
        "data.html.j2", name, "data", ref=book.data, view=data_view(book.data.stats), versions=book.data_versions,
        report=report if (book.path / report).is_file() else "",
    )  # fmt: skip


@router.get("/book/{name}/data/rows")
def rows(asked: Given, name: str) -> Response:
    """The rows, a page at a time."""
    return _rows(asked, name, None)


def _rows(asked: Asked, name: str, fault: TunebookError | None) -> Response:
    from tunebook.web.rows import Wanted, turn
    from tunebook.web.suspects import suspects

    book = asked.book(name)
    sent, text = asked.request.query_params, asked.query("q").strip()
    page = asked.query("page", "0")
    wanted = Wanted(
        asked.query("split"), asked.query("label"), text, sent.getlist("ids"), bool(asked.query("disagreed")),
        int(page) if page.isascii() and page.isdigit() and len(page) < 9 else 0,
    )  # fmt: skip
    query = [(key, value) for key, value in sent.multi_items() if key not in ("page", "lang", "changed", "scored")]
    doubted = suspects(book, book.run(asked.query("run"))) if asked.query("run") else {}
    return asked.book_page(
        "rows.html.j2", name, "data", status=422 if fault else 200, wanted=wanted, found=turn(book.data, wanted),
        splits=SPLITS, query=urlencode(query), fault=fault, given=_chosen(asked), taken=_sent(asked, "take"),
        doubted=doubted, reason=asked.text("reason"), ref=book.data,
    )  # fmt: skip


@router.post("/book/{name}/data/rows")
def correct(asked: Given, name: str) -> Response:
    """Labels put right: the next version of the data. Rows whose field was left as it was are left as they are."""
    from tunebook.verbs.correct import correct as put_right

    book = asked.book(name)
    changed = {**_sent(asked, "take"), **_chosen(asked)}  # what a person chose goes before what the model suggests
    try:
        if asked.text("content") != book.data.content:  # somebody else has put labels right meanwhile
            raise DataError("data_page.moved", key=name)
        if not asked.text("reason").strip():
            raise DataError("data_page.reason", key="reason")
        made = put_right(book, changed, owner=asked.owner, reason=asked.text("reason").strip())
    except TunebookError as error:
        return _rows(asked, name, error)
    query = f"?{asked.request.url.query}&" if asked.request.url.query else "?"
    scored = sum(count for split, count in made.done.splits.items() if split != "train")
    count = len(made.done.changed) + len(made.done.dropped)
    return asked.go("book", name, "data", "rows", query=f"{query}changed={count}&scored={scored}")


def _chosen(asked: Asked) -> dict[str, str]:
    """Id of a row -> the label that a person chose; a field that was left as it was says nothing of its row, whose
    label another person may have put right since."""
    before = _sent(asked, "was")
    return {key: label for key, label in _sent(asked, "label").items() if label != before.get(key)}


def _sent(asked: Asked, part: str) -> dict[str, str]:
    """Id of a row -> what was sent of it: its `label` now, what it `was`, or a suggestion to `take`."""
    return {key.partition(":")[2]: str(value) for key, value in asked.form.items() if key.startswith(f"{part}:")}


@router.post("/book/{name}/data/adopt")
def adopt(asked: Given, name: str) -> Response:
    """Put another version of the data in force."""
    from tunebook.verbs.steps.book_data import adopt as put_in_force

    number = asked.text("version").removeprefix("v")
    if not (number.isascii() and number.isdigit()):
        raise DataError("data_page.version", key="version", value=number)
    put_in_force(asked.book(name), int(number), asked.owner, asked.text("reason").strip())
    return asked.go("book", name, "data")


__all__ = ["PAGE", "adopt", "correct", "data", "router", "rows"]
