from __future__ import annotations

import pytest

from tunebook.core.errors import DataError
from tunebook.data.read import read


@pytest.mark.parametrize(
    ("name", "data", "program"),
    [
        ("a.pdf", b"%PDF-1.7\n", "PDF"),
        ("a.docx", b"PK\3\4word/document.xml", "Word (.docx)"),
        ("a.pages", b"PK\3\4Index/Document.iwa", "iWork"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "Word 97-2003"),
        ("a.csv", b"{\\rtf1\\ansi text,label}", "RTF"),
    ],
)
def test_documents_are_refused_by_name(write, name, data, program):
    with pytest.raises(DataError) as caught:
        read(write(name, data))
    assert caught.value.code == "format.document" and program in caught.value.message
    assert "CSV" in caught.value.advice
