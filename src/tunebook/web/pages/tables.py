"""The versions of a book's table: their rows, what differs, a change with its reason, proposals, searches."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.changes import read_changes
from tunebook.core.errors import DataError, TunebookError
from tunebook.web.asked import Asked, Given
from tunebook.web.page import Page
from tunebook.web.parting import part_of

if TYPE_CHECKING:
    from tunebook.core.nouns import ParamTable
    from tunebook.core.params import Value
    from tunebook.verbs.steps.book import Book

router = APIRouter()
PAGE = Page(router, "tables", 20)
_STUDY = "report.html"


@router.get("/book/{name}/tables")
def tables(asked: Given, name: str) -> Response:
    """The versions, newest first, and the searches that were made."""
    book = asked.book(name)
    part = part_of(book.tables.versions()[::-1], asked.query("page"))
    versions = [_version(book, number) for number in part.items]
    studies = sorted(path.parent.name for path in book.path.glob(f"searches/*/{_STUDY}"))
    return asked.book_page(
        "tables.html.j2", name, "tables", part=part, versions=versions, studies=studies[::-1],
        champion=book.tables.champion,
    )  # fmt: skip


def _version(book: Book, number: int) -> dict[str, Any]:
    """What stands in the line of a version; of a damaged one, what is wrong."""
    try:
        return {"number": number, "table": book.tables.get(number), "fault": None}
    except TunebookError as error:
        return {"number": number, "table": None, "fault": error}


@router.get("/book/{name}/tables/diff")
def diff(asked: Given, name: str) -> Response:
    """Where two versions differ."""
    from tunebook.report.history import row_view
    from tunebook.tables.in_force import diff as rows_of

    book = asked.book(name)
    sides = book.tables.get(asked.query("old", "champion")), book.tables.get(asked.query("new", "latest"))
    rows = [row_view(*sides, item["row"]) for item in rows_of(*sides)]
    numbers = book.tables.versions()
    return asked.book_page("tables_diff.html.j2", name, "tables", sides=sides, rows=rows, numbers=numbers)


@router.get("/book/{name}/tables/study/{study}")
def study(asked: Given, name: str, study: str) -> Response:
    """A search: the page that it wrote."""
    return asked.book_page("tables_study.html.j2", name, "tables", path=f"searches/{study}/{_STUDY}")


@router.get("/book/{name}/tables/{version}")
def version(asked: Given, name: str, version: str) -> Response:
    """Every row of a version."""
    book = asked.book(name)
    return asked.book_page("table.html.j2", name, "tables", **_rows(book, book.tables.get(version)))


def _rows(book: Book, table: ParamTable) -> dict[str, Any]:
    from tunebook.report.history import described

    rows = [(row_name, row, described(row_name, row.description)) for row_name, row in table.rows.items()]
    effects, before = _effects(book, table), _before(book, table)
    return {"table": table, "rows": rows, "effects": effects, "before": before, "champion": book.tables.champion}


def _before(book: Book, table: ParamTable) -> dict[str, Value]:
    """Row -> its value in the version that this one was made from, where that is another; none without such a one."""
    from tunebook.tables.in_force import diff as rows_of

    with suppress(TunebookError):
        if table.parent:
            return {item["row"]: item["from"] for item in rows_of(book.tables.get(table.parent), table)}
    return {}


def _effects(book: Book, table: ParamTable) -> dict[str, str]:
    """Row or technique -> what a test found it to be worth, in words."""
    from tunebook.report.ab_words import effect_text
    from tunebook.verbs.abtest.verdicts import effects_for, tested_effects

    verdict = tested_effects(book, table.version)
    if verdict is None:
        return {}
    return {row: effect_text(effect, verdict.metric) for row, effect in effects_for(book, table.version).items()}


@router.get("/book/{name}/tables/{version}/change")
def form(asked: Given, name: str, version: str) -> Response:
    """The form in which rows are changed."""
    return _form(asked, name, version, [(asked.query("row"), "")], "")


def _form(
    asked: Asked, name: str, version: str, lines: list[tuple[str, str]], note: str, fault: TunebookError | None = None
) -> Response:
    """The form.

    Args:
        lines: row and value of each change, as typed; note: the reason; fault: what is wrong with them.
    """
    from tunebook.report.history import described
    from tunebook.tables.declared import declared

    book = asked.book(name)
    known = declared()
    view = _rows(book, book.tables.get(version))
    others = [key for key in known if key not in view["table"].rows]
    off = [(key, None, described(key, known[key].row.text)) for key in others]
    return asked.book_page(
        "table_change.html.j2", name, "tables", status=422 if fault else 200, known=known, others=off, lines=lines,
        note=note, fault=fault, **view,
    )  # fmt: skip


@router.post("/book/{name}/tables/{version}/change")
def change(asked: Given, name: str, version: str) -> Response:
    """A child of the version, with some rows changed for one reason; what is wrong with it stands beside the form. With
    `more`: the form once more, with a line for another row."""
    from tunebook.verbs.change_table import change_table

    book = asked.book(name)
    typed = zip(*([text.strip() for text in asked.texts(key)] for key in ("row", "value")), strict=False)
    lines, note = [line for line in typed if any(line)] or [("", "")], asked.text("note").strip()
    if asked.text("more"):
        return _form(asked, name, version, [*lines, ("", "")], note)
    try:
        if not note:
            raise DataError("tables_page.reason", key="note")
        if not all(row for row, _ in lines):
            raise DataError("tables_page.row", key="row")
        changes = read_changes(f"{row}={value}" for row, value in lines)
        made = change_table(book, book.tables.get(version), changes, note=note, owner=asked.owner)
    except TunebookError as error:
        return _form(asked, name, version, lines, note, error)
    return asked.go("book", name, "tables", f"v{made.table.version}", query="?new=1")


@router.get("/book/{name}/tables-proposal")
def proposal(asked: Given, name: str) -> Response:
    """What is proposed today for this data and machine, each row with its source."""
    from tunebook.verbs.steps.recommend import recommend

    found = recommend(asked.book(name), dry_run=True)
    return asked.book_page("tables_proposal.html.j2", name, "tables", found=found)


@router.post("/book/{name}/tables-proposal")
def take(asked: Given, name: str) -> Response:
    """The proposal as the next version."""
    from tunebook.verbs.steps.recommend import recommend

    found = recommend(asked.book(name), note=asked.text("note").strip(), owner=asked.owner)
    if found.table is None:
        return asked.go("book", name, "tables-proposal")
    return asked.go("book", name, "tables", f"v{found.table.version}", query="?new=1")


__all__ = ["PAGE", "change", "diff", "form", "proposal", "router", "study", "tables", "take", "version"]
