"""A new book from files that are sent."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path, PureWindowsPath
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from tunebook.core.errors import DataError, TunebookError
from tunebook.models.source import BUILTIN, builtin_state
from tunebook.web.asked import Asked, Given
from tunebook.web.page import Page

router = APIRouter()
PAGE = Page(router)
_COLUMNS = ("text", "text_pair", "label", "row_id", "group")
_SOURCES = "sources"  # folder of the book in which the files are kept


@router.get("/new")
def form(asked: Given) -> Response:
    """The form."""
    return _form(asked, None)


def _form(asked: Asked, fault: TunebookError | None) -> Response:
    from tunebook.core.registry import tasks

    names = ("name", "task", "model", *_COLUMNS)
    given = {key: asked.text(key) for key in names} if fault else dict.fromkeys(names, "")
    bases = [name for name in BUILTIN if builtin_state(name) != "missing"]
    return asked.page(
        "new.html.j2", status=422 if fault else 200, fault=fault, given=given, tasks=sorted(tasks()), bases=bases,
        columns=_COLUMNS, home=asked.shelf.home,
    )  # fmt: skip


@router.post("/new")
def make(asked: Given) -> Response:
    """Make the book beside the others; what is wrong stands beside the form."""
    try:
        name = _name(asked)
        with tempfile.TemporaryDirectory(dir=asked.shelf.home, prefix=".tunebook-") as scratch:
            files = _saved(asked, Path(scratch))
            _made(asked, name, files)
            _keep(files, asked.shelf.home / name / _SOURCES)
    except TunebookError as error:
        return _form(asked, error)
    return asked.go("book", name, "data")


def _name(asked: Asked) -> str:
    """The folder of the new book: one name, without a path in it."""
    name = asked.text("name").strip()
    if not name or name[0] in ".-" or not name.isprintable() or any(sign in name for sign in '/\\:*?"<>|\0'):
        raise DataError("new_page.name", key="name", value=name)
    return name


def _saved(asked: Asked, folder: Path) -> list[Path]:
    """The files that were sent, under their own names."""
    found = []
    for number, item in enumerate(asked.form.getlist("data")):
        if isinstance(item, UploadFile) and item.filename:
            place = folder / str(number) / (_base(item.filename) or f"rows-{number}")
            place.parent.mkdir()
            with place.open("wb") as stream:
                shutil.copyfileobj(item.file, stream)
            found.append(place)
    if not found:
        raise DataError("new_page.file", key="data")
    return found


def _base(name: str) -> str:
    """A file's own name, of whatever system it comes from; empty where there is none."""
    found = PureWindowsPath(name).name
    return "" if found in (".", "..") or not found.isprintable() else found


def _made(asked: Asked, name: str, files: list[Path]) -> None:
    from tunebook.data.options import DataOptions
    from tunebook.verbs.init import init

    said: dict[str, Any] = {key: asked.text(key).strip() or None for key in (*_COLUMNS, "task")}
    options = DataOptions(**{key: value for key, value in said.items() if value is not None})
    model = asked.text("model").strip() or next(iter(BUILTIN))
    data: Any = files[0] if len(files) == 1 else files
    init(asked.shelf.home / name, data, model=model, options=options, owner=asked.owner)


def _keep(files: list[Path], folder: Path) -> None:
    """Keep what was sent inside the book; two of one name by their order."""
    folder.mkdir(exist_ok=True)
    for number, path in enumerate(files):
        place = folder / path.name
        shutil.move(path, folder / f"{number}-{path.name}" if place.exists() else place)


__all__ = ["PAGE", "form", "make", "router"]
