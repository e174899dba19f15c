"""Tables and packages of programs that Tunebook does not open."""

from __future__ import annotations

from typing import ClassVar

from tunebook.data.exports import Unread
from tunebook.data.preview import Preview

_BEGIN = {
    b"FEA1": "Feather",
    b"ORC": "ORC",
    b"Obj\x01": "Avro",
    b"\x89HDF": "HDF5",
    b"\x93NUMPY": "NumPy",
    b"\x80\x02": "Python pickle",
    b"\x80\x03": "Python pickle",
    b"\x80\x04": "Python pickle",
    b"\x80\x05": "Python pickle",
    b"7z\xbc\xaf": "7-Zip",
    b"Rar!": "RAR",
    b"\xfd7zXZ": "XZ",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
_TAR = (257, b"ustar")


class Storages(Unread):
    """Files of columns and objects, and packages."""

    title: ClassVar[str] = "HDF5 / ORC / pickle"
    general: ClassVar[bool] = True
    work: ClassVar[str] = "storage"

    def program(self, preview: Preview) -> str | None:
        """By the first bytes."""
        data = preview.data
        if data[_TAR[0] : _TAR[0] + len(_TAR[1])] == _TAR[1]:
            return "tar"
        if data[8:12] == b"DUCK":
            return "DuckDB"
        return next((name for start, name in _BEGIN.items() if data.startswith(start) and b"\0" in data[:4096]), None)


__all__ = ["Storages"]
