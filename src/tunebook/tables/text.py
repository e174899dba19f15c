"""The text of a table's file, whatever its encoding."""

from __future__ import annotations

from pathlib import Path

from tunebook.core.errors import TableError

LIMIT = 16 << 20
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


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


__all__ = ["LIMIT", "read_bytes", "read_text"]
