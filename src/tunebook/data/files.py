"""The bytes of a data file, whatever it is packed in, and what format they are in."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
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
    ".xls": "xlsx",  # to be told what to do with it, unless it is a newer workbook under an old name
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".db": "sqlite",
}
_MAGIC: dict[bytes, FileFormat] = {b"PAR1": "parquet", b"SQLite format 3\0": "sqlite"}


def read_bytes(path: Path) -> tuple[bytes, str]:
    """The content of a file, unpacked (.gz, or a .zip with one member), and the name of what was in the package.

    Raises:
        DataError: the file is missing, a folder, unreadable, empty or a damaged package.
    """
    data = _raw(path)
    name = path.name
    if data[:2] == b"\x1f\x8b":
        data, name = _gunzip(data, path), name.removesuffix(".gz")
    elif path.suffix.lower() == ".zip":
        data, name = _unzip(data, path)
    if not data.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        raise DataError("data.empty", key=str(path))
    return data, name


def _raw(path: Path) -> bytes:
    if path.is_dir():
        raise DataError("data.folder", key=str(path))
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError("data.missing", key=str(path)) from error
    except OSError as error:
        raise DataError("data.unreadable", key=str(path), reason=error.strerror or str(error)) from error


def _gunzip(data: bytes, path: Path) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError("data.archive", key=str(path), reason=str(error)) from error


def _unzip(data: bytes, path: Path) -> tuple[bytes, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = [item for item in package.infolist() if not item.is_dir() and not _litter(item.filename)]
            if len(members) != 1:
                raise DataError("data.archive", key=str(path), reason=f"{len(members)} files")
            return package.read(members[0]), Path(members[0].filename).name
    except (zipfile.BadZipFile, RuntimeError, zlib.error) as error:
        raise DataError("data.archive", key=str(path), reason=str(error)) from error


def _litter(name: str) -> bool:
    """Whether a member of a zip file was left there by a desktop, such as `__MACOSX/._a.csv`."""
    return name.startswith("__MACOSX/") or name.endswith(".DS_Store")


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
    suffix = Path(name).suffix.lower()
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if delimiter:
        return "txt"
    allowed = ", ".join(cast(tuple[str, ...], get_args(FileFormat)))
    raise DataError("data.format", key=str(path), value=suffix, allowed=allowed)


__all__ = ["format_of", "read_bytes"]
