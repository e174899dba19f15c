"""Files of parameter tables: JSON, YAML, CSV, TSV or XLSX, in any usual encoding, written whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tunebook.core.errors import MachineError, TableError
from tunebook.core.files import part_of
from tunebook.core.nouns import ParamTable
from tunebook.tables.document import Document, from_data
from tunebook.tables.grid import csv_bytes, from_cells, parse_csv, parse_xlsx, xlsx_bytes
from tunebook.tables.json_yaml import (
    flat_json_bytes,
    flat_yaml_bytes,
    json_bytes,
    parse_json,
    parse_yaml,
    read_comments,
    yaml_bytes,
)
from tunebook.tables.make import make_table, tidy
from tunebook.tables.values import is_nothing, whole

_ENDINGS = (".csv", ".json", ".tsv", ".xlsx", ".yaml", ".yml")
LIMIT = 16 << 20
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_FLAT_WRITERS: dict[str, Callable[[ParamTable], bytes]] = {
    ".json": flat_json_bytes,
    ".yaml": flat_yaml_bytes,
    ".yml": flat_yaml_bytes,
}
_WRITERS: dict[str, Callable[[ParamTable], bytes]] = {
    ".csv": csv_bytes,
    ".json": json_bytes,
    ".xlsx": xlsx_bytes,
    ".yaml": yaml_bytes,
    ".yml": yaml_bytes,
}


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
    if form not in _ENDINGS:
        raise TableError("table.form", key=name, allowed=", ".join(_ENDINGS))
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


def read_bytes(path: Path) -> bytes:
    """The bytes of a file that may be a table.

    Raises:
        TableError: `table.missing`, `table.empty`, or `table.large` above 16 MiB, which no table is.
    """
    try:
        size = path.stat().st_size
        if size > LIMIT:
            raise TableError("table.large", key=str(path), size=f"{size >> 20} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise TableError("table.missing", key=str(path), reason=error.strerror or str(error)) from error
    if not data.strip():
        raise TableError("table.empty", key=str(path))
    return data


def read_text(path: Path) -> str:
    """A file's text: by its byte order mark, else UTF-8, else GB18030.

    Raises:
        TableError: as for `read_bytes`; `table.encoding` where it is none of these.
    """
    data = read_bytes(path)
    named = next((name for mark, name in _BOMS if data.startswith(mark)), None)
    for encoding in (named,) if named else ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise TableError("table.encoding", key=str(path))


def publish(path: Path, data: bytes) -> Path:
    """A new file with these bytes. It is linked into place, so that of two processes one alone succeeds.

    Raises:
        FileExistsError: there is such a file; it is left as it is.
        MachineError: `table.unwritable`: no right to write, no space left, no such folder can be made.
    """
    with writable(path), _part(path, data) as part:
        try:
            os.link(part, path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _move(part, path)
    return path


def replace(path: Path, data: bytes) -> Path:
    """A file with these bytes, in place of the one that may be there.

    Raises:
        MachineError: `table.unwritable`; the old file is then untouched.
    """
    with writable(path), part_of(path, durable=True) as part:
        part.write_bytes(data)
    return path


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """What goes wrong with a disk inside, as a MachineError that names the path; FileExistsError passes."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileExistsError) and path.exists():
            raise
        reason = error.strerror or str(error)
        raise MachineError("table.unwritable", key=str(path), reason=reason) from error


def _move(part: Path, path: Path) -> None:
    """For file systems without hard links: claim the name, then fill it."""
    with path.open("xb"):
        pass
    part.replace(path)


@contextmanager
def _part(path: Path, data: bytes) -> Iterator[Path]:
    """A file beside `path` with all the bytes on the disk; gone afterwards, whatever happens."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
    part = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    try:
        with part.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        yield part
    finally:
        part.unlink(missing_ok=True)


def write_table(table: ParamTable, path: Path | str, *, overwrite: bool = False, flat: bool = False) -> Path:
    """Write a table, whole or not at all; `read_table` gives the same table back from every form.

    The ending of the path says the form. CSV and XLSX have headings in the user's language.

    Args:
        flat: names and values alone, for other programs: JSON or YAML.

    Raises:
        TableError: `table.form` for another ending, `table.exists` for a file that is there, unless `overwrite`.
        MachineError: `table.unwritable` for a folder that cannot be written, or a full disk.
    """
    path = Path(path)
    forms = _FLAT_WRITERS if flat else _WRITERS
    form = forms.get(path.suffix.lower())
    if form is None:
        raise TableError("table.form", key=str(path), allowed=", ".join(forms))
    data = form(table)
    if overwrite:
        return replace(path, data)
    try:
        return publish(path, data)
    except FileExistsError as error:
        raise TableError("table.exists", key=str(path)) from error


__all__ = ["LIMIT", "publish", "read_bytes", "read_table", "read_text", "replace", "writable", "write_table"]
