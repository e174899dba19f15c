"""Read a parameter table from JSON, YAML, CSV, TSV or XLSX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunebook.core.errors import TableError
from tunebook.core.nouns import ParamTable
from tunebook.tables.csv_form import parse_csv
from tunebook.tables.document import Document, from_data
from tunebook.tables.grid import from_cells
from tunebook.tables.json_form import parse_json
from tunebook.tables.make import make_table, tidy
from tunebook.tables.text import read_bytes, read_text
from tunebook.tables.values import is_nothing, whole
from tunebook.tables.xlsx_form import parse_xlsx
from tunebook.tables.yaml_form import parse_yaml, read_comments

_FORMS = (".csv", ".json", ".tsv", ".xlsx", ".yaml", ".yml")


def read_table(path: Path | str) -> ParamTable:
    """A full, checked table from a file.

    A row without a value has its recommendation, else the default that the file gives, else the declared one. Comments
    (YAML's, rows of CSV and XLSX that begin with #, notes on a workbook's cells) are kept: those of a row as its
    reason, the others as the table's note.

    Raises:
        TableError: for a file that cannot be read, is no table, or has a row that is wrong.
    """
    document = _document(Path(path))
    facts = document.facts
    table = make_table(document.rows, note=_words(facts, "note"), owner=_words(facts, "owner"))
    version, parent = _number(facts, "version") or 0, _number(facts, "parent") or None
    if version and parent and parent >= version:
        raise TableError("table.cycle", key=str(path), version=version, parent=parent)
    return table.model_copy(update={"version": version, "parent": parent, "created": tidy(_words(facts, "created"))})


def _document(path: Path) -> Document:
    form = path.suffix.lower()
    name = str(path)
    if form not in _FORMS:
        raise TableError("table.form", key=name, allowed=", ".join(_FORMS))
    if form == ".xlsx":
        cells, comments = parse_xlsx(read_bytes(path), name)
        return from_cells(cells, name, comments)
    text = read_text(path)
    if form in (".csv", ".tsv"):
        return from_cells(parse_csv(text, name), name)
    if form == ".json":
        return from_data(parse_json(text, name), name)
    document = from_data(parse_yaml(text, name), name)
    said = read_comments(text)
    return document.annotated(said.rows, said.rest)


def _words(facts: dict[str, Any], name: str) -> str:
    return "" if facts.get(name) is None else str(facts[name])


def _number(facts: dict[str, Any], name: str) -> int | None:
    given = facts.get(name)
    if is_nothing(given):
        return None
    number = whole(given)
    if number is None or number < 0:
        raise TableError("row.value", key=name, value=given, allowed="int >= 0")
    return number


__all__ = ["read_table"]
