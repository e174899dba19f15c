"""Documents, pictures and packages: what holds no table."""

from __future__ import annotations

from typing import ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.look import Look

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
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Documents(Format):
    """Running text and pictures."""

    title: ClassVar[str] = "PDF / Word"
    general: ClassVar[bool] = True

    def fits(self, look: Look) -> bool:
        """The first bytes or the parts of the package tell."""
        return _program(look) is not None

    def read(self, look: Look) -> Export:
        """Refused."""
        raise self.refusal("document", look, program=_program(look))


def _program(look: Look) -> str | None:
    data = look.data
    if data.startswith(b"PK") and b"Index/Tables/" not in data and look.suffix != ".numbers":
        return next((name for part, name in _PARTS.items() if part in data), None)
    if data.startswith(_COMPOUND):
        return "Word 97-2003 (.doc)" if "WordDocument".encode("utf-16-le") in data else None
    return next((name for start, name in _BEGIN.items() if data.startswith(start)), None)


__all__ = ["Documents"]
