"""Files and runs that rows of a table name: where they are, and the hash by which a plan knows them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tunebook.core.errors import PlanError
from tunebook.core.files import content_id, file_id
from tunebook.core.locations import PLAN, read_plan
from tunebook.core.nouns import ParamTable
from tunebook.core.params import Declaration, Value, declarations
from tunebook.core.registry import technique_of
from tunebook.core.technique import Technique
from tunebook.data.frozen import SPLIT, open_data
from tunebook.models.source import model_id
from tunebook.tables.declared import settings_rows, technique_rows


def inputs_of(woven: Iterable[Technique], book: Path) -> dict[str, str]:
    """Row of the table -> hash of what it names, of each row that names something.

    Raises:
        PlanError: `input.file`, `input.run`, `input.book`: there is none.
    """
    found = {}
    for technique in woven:
        for row in declarations(type(technique)):
            value = getattr(technique, row.field)
            if row.row.input and value is not None:
                _, found[row.name] = find_inputs(row, value, book)
    return found


def find_inputs(row: Declaration, value: Value, book: Path) -> tuple[list[Path], str]:
    """The places that a row names, of which there may be a list, and the hash of them all.

    Raises:
        PlanError: as `find_input`.
    """
    names = value if isinstance(value, list) else [str(value)]
    paths = [find_input(row, name, book) for name in names]
    ids = [input_id(row, path) for path in paths]
    return paths, content_id(ids) if isinstance(value, list) else ids[0]


def declared_input(name: str) -> Declaration:
    """The declaration of a technique's row."""
    key = name.partition(".")[0]
    return next(row for row in declarations(technique_of(key)) if row.name == name)


def find_input(row: Declaration, value: str, book: Path) -> Path:
    """The place that a row names: seen from the book's folder, else from where the command runs.

    Args:
        value: a file, the folder of a book, or for a run its folder, its id or the beginning of its id.

    Raises:
        PlanError: `input.file`, `input.run`, `input.book`.
    """
    path = Path(value).expanduser()
    if row.row.input == "file":
        places = [place for place in (book / path, path) if place.is_file()]
        if not places:
            raise PlanError("input.file", key=row.name, value=value)
        return places[0].resolve()
    if row.row.input == "book":
        books = [place for place in (book / path, path) if (place / "data" / SPLIT).is_file()]
        if not books:
            raise PlanError("input.book", key=row.name, value=value)
        return books[0].resolve()
    runs = [place for place in (book / path, path) if (place / PLAN).is_file()]
    runs = runs or [file.parent for file in sorted((book / "runs").glob(f"{path.name}*/{PLAN}"))]
    finished = [run for run in runs if (run / "outcome.json").is_file()]
    if not finished:
        known = sorted(file.parent.name for file in (book / "runs").glob("*/outcome.json"))
        raise PlanError("input.run", key=row.name, value=value, allowed=" | ".join(known[-10:]) or "–")
    return finished[-1].resolve()


def anchored(table: ParamTable, parent: ParamTable, book: Path) -> ParamTable:
    """A table that is to be kept, whose new names of files and folders are found wherever a command runs: what is only
    seen from the present folder gets its whole path, or its place in the book."""
    rows = dict(table.rows)
    for name, row in table.rows.items():
        old = parent.rows.get(name)
        if row.value and (old is None or old.value != row.value) and _names_places(name):
            given = row.value
            told = [_told(str(item), book) for item in (given if isinstance(given, list) else [given])]
            rows[name] = row.model_copy(update={"value": told if isinstance(given, list) else told[0]})
    return table.model_copy(update={"rows": rows})


def _names_places(name: str) -> bool:
    """Whether a row's value names files or folders; no technique is imported for a row of the settings."""
    declared = None if name in settings_rows() else technique_rows().get(name)
    return name == "base_model" or (declared is not None and bool(declared.row.input))


def _told(name: str, book: Path) -> str:
    path = Path(name).expanduser()
    if path.is_absolute() or (book / path).exists() or not path.exists():
        return name
    whole, home = path.absolute(), book.absolute()
    return whole.relative_to(home).as_posix() if whole.is_relative_to(home) else str(whole)


def input_id(row: Declaration, path: Path) -> str:
    """Hash of what decides: the bytes of a file; the rows of a book; the model and the plan of a run."""
    if row.row.input == "file":
        return file_id(path)
    if row.row.input == "book":
        return open_data(path / "data").content
    return content_id([read_plan(path).id, model_id(path / "model")])


__all__ = ["anchored", "declared_input", "find_input", "find_inputs", "input_id", "inputs_of"]
