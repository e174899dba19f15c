"""Files that come into the world whole or not at all, and content ids: the same content has the same id everywhere."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tunebook.core.errors import MachineError, machine_error

_BLOCK = 1 << 20


def write_whole(path: Path, text: str) -> Path:
    """Write a text file in place of the one that may be there; the folder is made if it is missing.

    Raises:
        OSError: the disk is full or closed; the old file is then untouched.
    """
    with part_of(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def text_lines(text: str) -> list[str]:
    """The lines of a text as files have them, without LF, CRLF or CR at their ends.

    `str.splitlines` ends a line also at signs that JSON and people write within one: U+2028, U+0085, a form feed.
    """
    return [line.removesuffix("\n") for line in io.StringIO(text, newline=None)]


def delimiter_of(line: str) -> str:
    """The comma, semicolon or tab that a line of headings has most of: spreadsheets write either, by the country."""
    return max(",;\t", key=line.count)


@contextmanager
def part_of(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """A file of its own name beside `path`, to be written inside; it takes the place of `path` at the end.

    Args:
        durable: wait until its bytes are on the disk.

    Raises:
        OSError: the disk is full or closed; NotADirectoryError, PermissionError: there can be no file in this folder.
    """
    part = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")  # another process may write the same one
    _begin(path, part)
    try:
        yield part
        if durable:
            with part.open("rb+") as stream:
                os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def check_place(path: Path) -> None:
    """Whether a file can be written in the place of `path`, before the long work; its folder is made.

    Raises:
        MachineError: `machine.place`, a file stands where a folder belongs; or what the system says.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        code = "machine.write" if isinstance(error, FileNotFoundError) else "machine.place"  # such as /proc
        place = MachineError(code, key=str(path), reason=error.strerror or type(error).__name__)
        raise machine_error(error, path) or place from error


def _begin(path: Path, part: Path) -> None:
    """Make an empty file and its folder. What stands in the way is told by the error that says so: the system calls a
    file in the place of a folder one that exists, and some folders that take no files missing ones."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from error
    except FileNotFoundError as error:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path)) from error


def as_umask_says(folder: Path) -> None:
    """Give all files of a folder the rights that new files have: some libraries keep theirs from all but the user."""
    mask = os.umask(0o077)  # it can only be read by setting it
    os.umask(mask)
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(0o666 & ~mask)


def user_cache() -> Path:
    """TUNEBOOK_CACHE, else the folder in which programs of this system keep what they can make again."""
    return _user_folder("TUNEBOOK_CACHE", "Caches", "tunebook/cache", ("XDG_CACHE_HOME", ".cache"))


def user_data() -> Path:
    """TUNEBOOK_HOME, else the folder in which programs of this system keep a user's data."""
    return _user_folder("TUNEBOOK_HOME", "Application Support", "tunebook", ("XDG_DATA_HOME", ".local/share"))


def _user_folder(variable: str, mac: str, windows: str, linux: tuple[str, str]) -> Path:
    """What a variable names, else the system's own folder; on Linux that of a second variable, or one of the home."""
    if chosen := os.environ.get(variable):
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / mac / "tunebook"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / windows
    return Path(os.environ.get(linux[0]) or Path.home() / linux[1]) / "tunebook"


def stamp(path: Path) -> tuple[int, ...]:
    """What changes with a file; empty where there is none."""
    with suppress(OSError):
        seen = path.stat()
        return seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino
    return ()


def content_id(content: Any, length: int = 12) -> str:
    """Hash of any JSON-able content: the first `length` hexadecimal digits of its SHA-256.

    Keys are sorted and floats written by `repr`, so that equal content gives equal ids.

    Raises:
        TypeError: the content holds something that JSON cannot carry.
    """
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def file_id(path: Path, length: int = 12) -> str:
    """Hash of a file's bytes, read in blocks of 1 MiB; of a folder, of the names and bytes of all its files."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return lines_id([text for file in files for text in (file.relative_to(path).as_posix(), file_id(file, 64))])
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()[:length]


def lines_id(lines: Iterable[str], length: int = 12) -> str:
    """Hash of a sequence of strings: order counts, and no two different sequences share their bytes."""
    digest = hashlib.sha256()
    for line in lines:
        data = line.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:length]


__all__ = [
    "as_umask_says", "check_place", "content_id", "delimiter_of", "file_id", "lines_id", "part_of", "stamp",
    "text_lines", "user_cache", "user_data", "write_whole",
]  # fmt: skip
