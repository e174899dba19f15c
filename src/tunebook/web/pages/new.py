"""A new book from files that are sent: kept on the server, looked at, and made a book of once the rest is said."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.errors import DataError, TunebookError
from tunebook.models.source import BUILTIN, builtin_state
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.book_file import write_book_file
from tunebook.web.asked import Asked, Given
from tunebook.web.page import Page
from tunebook.web.shelf import Shelf
from tunebook.web.uploads import keep, kept, taken

router = APIRouter()
PAGE = Page(router)
_COLUMNS = ("text", "text_pair", "label", "row_id", "group")
_SOURCES = "sources"  # folder of the book in which the files are kept
_BAD = '/\\:*?"<>|\0'


@router.get("/new")
def form(asked: Given) -> Response:
    """The form that takes the files."""
    return _form(asked, None)


def _form(asked: Asked, fault: TunebookError | None) -> Response:
    return asked.page("new.html.j2", status=422 if fault else 200, fault=fault, home=asked.shelf.home)


@router.post("/new")
def send(asked: Given) -> Response:
    """Keep the files until a book is made of them; one that cannot be read stands beside the form."""
    from tunebook.verbs.first_look import first_look

    try:
        folder = keep(asked, "data", asked.shelf.home)
    except TunebookError as error:
        return _form(asked, error)
    try:
        first_look(kept(asked.shelf.home, folder.name))
    except TunebookError as error:
        shutil.rmtree(folder)
        return _form(asked, error)
    return asked.go("new", folder.name)


@router.get("/new/{upload}")
def look(asked: Given, upload: str) -> Response:
    """What was found in the files, and what else there is to say."""
    return _looked(asked, upload, None)


def _looked(asked: Asked, upload: str, fault: TunebookError | None) -> Response:
    from tunebook.core.registry import tasks
    from tunebook.verbs.first_look import first_look

    files = kept(asked.shelf.home, upload)
    found = first_look(files)
    names = ("name", "task", "model", "other", *_COLUMNS)
    given = {key: asked.text(key) for key in names} if fault else dict.fromkeys(names, "")
    given = given if fault else {**given, "name": _free(asked.shelf, files[0].stem), "model": found.model}
    return asked.page(
        "new_look.html.j2", status=422 if fault else 200, fault=fault, given=given, found=found, files=files,
        upload=upload, tasks=sorted(tasks()), bases=bases_known(asked.shelf), parts=_COLUMNS, home=asked.shelf.home,
    )  # fmt: skip


def _free(shelf: Shelf, stem: str) -> str:
    """A name for a book that is not taken, after the file."""
    stem = "".join(sign for sign in stem.strip(" .-") if sign.isprintable() and sign not in _BAD) or "book"
    name, number = stem, 2
    while (shelf.home / name).exists():
        name, number = f"{stem}-{number}", number + 1
    return name


def bases_known(shelf: Shelf) -> list[str]:
    """Base models that are at hand: the built-in ones of this machine, and those of the other books."""
    found = [name for name in BUILTIN if builtin_state(name) != "missing"]
    for path in shelf.books().values():
        with suppress(TunebookError, LookupError):
            found.append(str(Book(path).champion.rows["base_model"].value))
    return list(dict.fromkeys(found))


@router.post("/new/{upload}")
def make(asked: Given, upload: str) -> Response:
    """Make the book beside the others; what is wrong stands beside the form, and the files stay where they are."""
    with taken(asked.shelf.home, upload) as files:
        try:
            name = _name(asked)
            _made(asked, name, files)
        except TunebookError as error:
            return _looked(asked, upload, error)
        _move(files, Book(asked.shelf.home / name))
        shutil.rmtree(files[0].parents[1])
    return asked.go("book", asked.shelf.add(asked.shelf.home / name), "data")


def _name(asked: Asked) -> str:
    """The folder of the new book: one name, without a path in it."""
    name = asked.text("name").strip()
    if not name or name[0] in ".-" or not name.isprintable() or any(sign in name for sign in _BAD):
        raise DataError("new_page.name", key="name", value=name)
    return name


def _made(asked: Asked, name: str, files: list[Path]) -> None:
    from tunebook.data.options import DataOptions
    from tunebook.verbs.init import init

    said: dict[str, Any] = {key: asked.text(key).strip() or None for key in (*_COLUMNS, "task")}
    options = DataOptions(**{key: value for key, value in said.items() if value is not None})
    model = asked.text("other").strip() or asked.text("model").strip() or next(iter(BUILTIN))
    data: Any = files[0] if len(files) == 1 else files
    init(asked.shelf.home / name, data, model=model, options=options, owner=asked.owner)


def _move(files: list[Path], book: Book) -> None:
    """Keep what was sent inside the book, which says so; two of one name by their order."""
    names: list[str] = []
    (book.path / _SOURCES).mkdir(exist_ok=True)
    for number, path in enumerate(files):
        name = f"{_SOURCES}/{path.name}"
        names.append(f"{_SOURCES}/{number}-{path.name}" if name in names else name)
        shutil.move(path, book.path / names[-1])
    write_book_file(book.file.model_copy(update={"sources": {"train": names}}), book.path)


__all__ = ["PAGE", "bases_known", "form", "look", "make", "router", "send"]
