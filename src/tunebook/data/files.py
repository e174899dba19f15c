"""The bytes of a data file, whatever it is packed in, and what format they are in."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import cast, get_args

from tunebook.core.errors import DataError
from tunebook.data.options import FileFormat

_SUFFIXES: dict[str, FileFormat] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "txt",
    ".text": "txt",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xlsx",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".db": "sqlite",
}
_SHEETS = (".xls", ".xlsx", ".xlsm")
_MAGIC: dict[bytes, FileFormat] = {b"PAR1": "parquet", b"SQLite format 3\0": "sqlite"}


_EMPTY = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n[]"
_PACKAGES = (".zip", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".7z", ".rar")
_POINTER = b"version https://git-lfs.github.com/"
_MARKUP = (b"<!doctype html", b"<html", b"<?xml ")
_MOST = 5000  # files of a folder or a package that are looked at


@dataclass(frozen=True)
class Member:
    """A file, alone or in a folder or package: its name there, and its bytes, which are read when they are asked for.

    Raises:
        DataError: on reading, the file is unreadable or the package damaged.
    """

    name: str
    load: Callable[[], bytes]

    @cached_property
    def data(self) -> bytes:
        """The bytes."""
        return self.load()


def members(path: Path) -> list[Member]:
    """What a path holds: itself, unpacked from .gz; the files of a .zip; the files of a folder, in order.

    Raises:
        DataError: the file is missing, unreadable or a damaged package.
    """
    if stat.S_ISDIR(_mode(path)):
        files = sorted(islice((file for file in path.rglob("*") if file.is_file()), _MOST))
        inside = [(file, file.relative_to(path).as_posix()) for file in files]
        return [Member(name, partial(_raw, file)) for file, name in inside if not _litter(name)]
    data = _raw(path)
    if data[:2] == b"\x1f\x8b":
        return [_loaded(path.name.removesuffix(".gz"), _gunzip(data, path))]
    return _unzip(data, path) if path.suffix.lower() == ".zip" else [_loaded(path.name, data)]


def only(found: list[Member], path: Path) -> tuple[bytes, str]:
    """The bytes of what must be a single file, and its name.

    Raises:
        DataError: `data.folder`, `data.archive` of several files, `data.empty`.
    """
    if path.is_dir():
        raise DataError("data.folder", key=str(path))
    if all(is_blank(item.data) for item in found):
        raise DataError("data.empty", key=str(path))
    if len(found) > 1:
        raise DataError("data.archive", key=str(path), reason=f"{len(found)} files")
    name = found[0].name.rpartition("/")[2]
    if Path(name).suffix.lower() in _PACKAGES:
        raise DataError("data.archive", key=str(path), reason=f"{name} is a package itself")
    return found[0].data, name


def is_blank(data: bytes) -> bool:
    """Whether a file holds nothing: white space, a byte order mark, or an empty list at most."""
    return data[:8].strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n") in (b"", b"[]") and not data.strip(_EMPTY)


def refuse_stand_in(data: bytes, path: Path) -> None:
    """Refuse text that stands in the place of a data file: a page of the web or other markup, a pointer of Git LFS.

    Raises:
        DataError: `data.page`, `data.pointer`.
    """
    head = data[:200].lstrip()
    if head.startswith(_POINTER):
        raise DataError("data.pointer", key=str(path))
    if head[:14].lower().startswith(_MARKUP):
        raise DataError("data.page", key=str(path), value=head.split(b"\n")[0][:40].decode(errors="replace"))


def read_bytes(path: Path) -> tuple[bytes, str]:
    """The content of a file, unpacked (.gz, or a .zip with one member), and the name of what was in the package.

    Raises:
        DataError: the file is missing, a folder, unreadable, empty or a damaged package.
    """
    return only([] if stat.S_ISDIR(_mode(path)) else members(path), path)


def _loaded(name: str, data: bytes) -> Member:
    return Member(name, lambda: data)


def _mode(path: Path) -> int:
    """What kind of thing a path names."""
    try:
        return path.stat().st_mode
    except FileNotFoundError as error:
        raise DataError("data.missing", key=str(path)) from error
    except OSError as error:
        raise DataError("data.unreadable", key=str(path), reason=error.strerror or str(error)) from error


def _raw(path: Path) -> bytes:
    if not stat.S_ISREG(_mode(path)):  # a pipe may never end, and can be read once only
        raise DataError("data.pipe", key=str(path))
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError("data.unreadable", key=str(path), reason=error.strerror or str(error)) from error


def _gunzip(data: bytes, path: Path) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError("data.archive", key=str(path), reason=str(error)) from error


def _unzip(data: bytes, path: Path) -> list[Member]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = [item.filename for item in package.infolist() if not item.is_dir() and not _litter(item.filename)]
    except zipfile.BadZipFile as error:
        raise DataError("data.archive", key=str(path), reason=str(error)) from error
    return [Member(name, partial(_member, data, name, path)) for name in names[:_MOST]]


def _member(data: bytes, name: str, path: Path) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return package.read(name)
    except (zipfile.BadZipFile, RuntimeError, zlib.error) as error:
        raise DataError("data.archive", key=str(path), reason=str(error)) from error


def _litter(name: str) -> bool:
    """Whether a file was left there by a desktop, such as `__MACOSX/._a.csv`, or is hidden."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")


def format_of(path: Path, name: str, data: bytes, given: FileFormat | None, delimiter: str | None) -> FileFormat:
    """The format of a file: as given, by its first bytes, by its name, or delimited text when a delimiter was given.

    Raises:
        DataError: `data.format`, the name says nothing.
    """
    if given:
        return given
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            return kind
    if data.startswith(b"PK") and b"xl/worksheets/" in data:
        return "xlsx"
    suffix = Path(name).suffix.lower()
    if suffix in _SHEETS and not data.startswith(b"PK"):
        return "txt"  # text that was given such a name, to be opened by a click
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if delimiter:
        return "txt"
    allowed = ", ".join(cast(tuple[str, ...], get_args(FileFormat)))
    raise DataError("data.format", key=str(path), value=suffix, allowed=allowed)


__all__ = ["Member", "format_of", "is_blank", "members", "only", "read_bytes", "refuse_stand_in"]
