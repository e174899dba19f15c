"""Where the request log of a book lies."""

from __future__ import annotations

import pytest

from tunebook.core.operation import Serving
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.book_file import BookFile, write_book_file
from tunebook.verbs.steps.request_log import request_log, spool_folder


@pytest.mark.parametrize(
    ("said", "name"),
    [("", "BOOK/requests.sqlite"), ("logs/x.sqlite", "BOOK/logs/x.sqlite"), ("/tmp/x.sqlite", "/tmp/x.sqlite"),
     ("postgresql://me:pw@db:6000/log", "postgresql://db:6000/log")],
)  # fmt: skip
def test_where_it_lies(tmp_path, said, name):
    write_book_file(BookFile(task="text_classification", serve=Serving(log=said)), tmp_path)
    assert request_log(Book(tmp_path)).name == name.replace("BOOK", str(tmp_path))
    assert spool_folder(Book(tmp_path)) == tmp_path / "spool"
