"""Documents, pictures and packages: what holds no table."""

from __future__ import annotations

from typing import ClassVar

from tunebook.data.exports import Unread
from tunebook.data.formats.spreadsheets import COMPOUND
from tunebook.data.preview import Preview

_BEGIN = {
    b"%PDF": "PDF",
    b"{\\rtf": "RTF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
}
_PARTS = {
    b"word/document.xml": "Word (.docx)",
    b"ppt/presentation.xml": "PowerPoint (.pptx)",
    b"application/vnd.oasis.opendocument.text": "OpenDocument (.odt)",
    b"META-INF/container.xml": "EPUB",
    b"Index/Document.iwa": "Apple iWork",
}


class Documents(Unread):
    """Running text and pictures."""

    title: ClassVar[str] = "PDF / Word"
    general: ClassVar[bool] = True
    work: ClassVar[str] = "document"

    def program(self, preview: Preview) -> str | None:
        """By the first bytes or the parts of the package."""
        data = preview.data
        if data.startswith(b"PK") and b"Index/Tables/" not in data and preview.suffix != ".numbers":
            return next((name for part, name in _PARTS.items() if part in data), None)
        if data.startswith(COMPOUND):
            return "Word 97-2003 (.doc)" if "WordDocument".encode("utf-16-le") in data else None
        return next((name for start, name in _BEGIN.items() if data.startswith(start)), None)


__all__ = ["Documents"]
