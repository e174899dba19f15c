"""Sheets of other programs, and of Excel under other formats."""

from __future__ import annotations

import re
from typing import ClassVar

from tunebook.data.exports import Unread
from tunebook.data.preview import Preview

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of old Office, and of new files with a password
_ROWS_OF_TEXT = (".csv", ".tsv", ".tab", ".txt", ".text", ".json", ".jsonl", ".ndjson")
_TEXTS = (
    (r"<office:document", "OpenDocument (.fods)"),
    (r"urn:schemas-microsoft-com:office:spreadsheet", "Excel 2003 XML"),
    (r"<(!doctype )?html|<table", "HTML"),
)


class Spreadsheets(Unread):
    """Tables of LibreOffice, Numbers, old Excel, and web pages that are called .xls."""

    title: ClassVar[str] = "OpenDocument / Numbers / Excel 97 / HTML"
    general: ClassVar[bool] = True
    work: ClassVar[str] = "spreadsheet"

    def program(self, preview: Preview) -> str | None:
        """By the first bytes or the parts of the package."""
        data = preview.data
        if data.startswith(COMPOUND):
            return _compound(data)
        if data.startswith(b"PK"):
            return _package(data, preview)
        if preview.suffix in _ROWS_OF_TEXT or not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            return None
        return next((name for form, name in _TEXTS if re.search(form, preview.head[:4096], re.IGNORECASE)), None)


def _compound(data: bytes) -> str | None:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return "Excel (.xlsx with a password)"
    books = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
    return "Excel 97-2003 (.xls)" if any(name in data for name in books) else None


def _package(data: bytes, preview: Preview) -> str | None:
    """A zip file by the names of its parts, which are not packed."""
    if b"application/vnd.oasis.opendocument.spreadsheet" in data[:256]:
        return "OpenDocument (.ods)"
    if b"Index/Document.iwa" in data:
        return "Apple Numbers" if b"Index/Tables/" in data or preview.suffix == ".numbers" else None
    return "Excel (.xlsb)" if b"xl/workbook.bin" in data else None


__all__ = ["COMPOUND", "Spreadsheets"]
