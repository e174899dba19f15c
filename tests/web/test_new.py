"""A new book: files are sent and kept, looked at, and made a book of; what is wrong loses none of them."""

from __future__ import annotations

import csv
import io
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests import small
from tests.books import base  # noqa: F401
from tests.web.visitor import Visitor, words_of

from tunebook.verbs.init import init
from tunebook.verbs.steps.book import open_book
from tunebook.web.door import Door
from tunebook.web.pages import new
from tunebook.web.shelf import Shelf
from tunebook.web.uploads import FOLDER, base_name, kept, taken


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def sent(visitor: Visitor, *files: tuple[str, bytes]) -> str:
    """The address of what was sent."""
    many = [("data", file) for file in files]
    return visitor.submit("/new", files=many, follow_redirects=False).headers["location"]


def test_files_are_sent_looked_at_and_made_a_book(tmp_path: Path, home: Path, base: Path) -> None:  # noqa: F811
    rows = small.write_records(tmp_path / "rows.csv", "binary", 80).read_bytes()
    visitor = Visitor(home)
    assert visitor.get("/new").status_code == 200 and new.PAGE.tab == ""
    at = sent(visitor, (r"C:\temp\工单.csv", rows))
    page = visitor.get(at).text
    assert "工单.csv" in page and 'name="name" required value="工单"' in page and "80" in words_of(page)
    assert "English" in page and 'value="builtin:minilm" selected' in page and "found out: text" in page
    assert "found out: text classification" in page and "found out: none" in page
    done = visitor.submit(at, {"name": "工单", "model": "builtin:minilm", "other": str(base)}, follow_redirects=False)
    assert done.status_code == 303, words_of(done.text)
    made = open_book(home / "工单")
    assert made.file.owner == "ann" and (made.path / "sources" / "工单.csv").read_bytes() == rows
    assert made.file.sources == {"train": ["sources/工单.csv"]}, "not where the file waited"
    assert visitor.get(done.headers["location"]).status_code == 200 and list((home / FOLDER).iterdir()) == []
    assert "new_page.gone" in visitor.get(at).text
    next_one = sent(visitor, ("工单.csv", rows))
    page = visitor.get(next_one).text
    assert 'value="工单-2"' in page and f'<option value="{base}"' in page  # a base model of another book
    assert new.bases_known(Shelf.of([home]))[-1] == str(base)


def test_a_wrong_form_loses_no_file(tmp_path: Path, home: Path, base: Path) -> None:  # noqa: F811
    file = small.write_records(tmp_path / "rows.csv", "binary", 80)
    init(home / "taken", file, model=str(base))
    visitor = Visitor(home)
    at = sent(visitor, ("rows.csv", file.read_bytes()), ("rows.csv", file.read_bytes()))
    for name, code in (
        ("taken", "book.exists"),
        ("../out", "new_page.name"),
        (".x", "new_page.name"),
        ("--help", "new_page.name"),
    ):
        answer = visitor.submit(at, {"name": name, "other": str(base), "label": "label"})
        assert answer.status_code == 422 and code in answer.text and "rows.csv, rows.csv" in answer.text
        assert f'value="{base}"' in answer.text and '<option value="label" selected>' in answer.text
    assert [path.parent.name for path in kept(home, at.rpartition("/")[2])] == ["0", "1"]
    assert visitor.submit(at, {"name": "two", "other": str(base)}, follow_redirects=False).status_code == 303
    assert sorted(path.name for path in (home / "two" / "sources").iterdir()) == ["1-rows.csv", "rows.csv"]


def test_of_one_upload_two_people_make_one_book(tmp_path: Path, home: Path, base: Path) -> None:  # noqa: F811
    rows = small.write_records(tmp_path / "rows.csv", "binary", 80).read_bytes()
    visitor = Visitor(home)
    at = sent(visitor, ("rows.csv", rows))
    with taken(home, at.rpartition("/")[2]):  # as while somebody's book is made of them
        late = visitor.submit(at, {"name": "two", "other": str(base)})
        assert "new_page.taken" in late.text and not (home / "two").exists()
    with ThreadPoolExecutor(2) as pool:
        forms = [{"name": name, "other": str(base)} for name in ("ann", "bo")]
        answers = list(pool.map(lambda form: visitor.submit(at, form, follow_redirects=False), forms))
    assert sorted(answer.status_code == 303 for answer in answers) == [False, True]
    assert [answer for answer in answers if "new_page." in answer.text], "told, and no fault of the server"
    (made,) = (path for path in home.iterdir() if path.name in ("ann", "bo"))
    assert (made / open_book(made).file.sources["train"][0]).read_bytes() == rows


def test_a_new_book_is_shown_also_where_only_books_were_named(tmp_path: Path, home: Path, base: Path) -> None:  # noqa: F811
    file = small.write_records(tmp_path / "rows.csv", "binary", 80)
    for folder in ("far", "home"):
        init(tmp_path / folder / "first", file, model=str(base))
    init(tmp_path / "far" / "two", file, model=str(base))
    visitor = Visitor(home / "first", tmp_path / "far" / "two")
    at = sent(visitor, ("rows.csv", file.read_bytes()))
    made = visitor.submit(at, {"name": "two", "other": str(base)}, follow_redirects=False).headers["location"]
    assert made == "/book/two-2/data" and visitor.get(made).status_code == 200
    assert (home / "two" / "sources" / "rows.csv").is_file() and visitor.get("/book/first/data").status_code == 200
    shutil.rmtree(home / "first")
    assert visitor.get("/").status_code == 200 and visitor.get("/book/first/data").status_code == 404


def test_columns_that_are_not_clear_are_told_and_can_be_chosen(tmp_path: Path, home: Path, base: Path) -> None:  # noqa: F811
    text = small.write_records(tmp_path / "rows.csv", "binary", 80).read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    out = io.StringIO()
    csv.writer(out).writerows(
        [("first", "second", "mark"), *((row["text"], row["text"][::-1], row["label"]) for row in rows)]
    )
    visitor = Visitor(home)
    at = sent(visitor, ("rows.csv", out.getvalue().encode()))
    page = visitor.get(at).text
    assert "data.text_unclear" in page and '<option value="second">' in page
    said = {"name": "x", "other": str(base), "text": "first", "label": "mark"}
    made = visitor.submit(at, said, follow_redirects=False)
    assert made.status_code == 303, words_of(made.text)
    assert open_book(home / "x").data.roles.text == "first"


@pytest.mark.parametrize(
    ("files", "code"),
    [([], "new_page.file"), ([("rows.csv", b"")], "data."), ([("/", b"")], "data."), ([("..", b"")], "data.")],
    ids=str,
)
def test_what_cannot_be_read_is_told_and_not_kept(home: Path, files: list[tuple[str, bytes]], code: str) -> None:
    many = [("data", file) for file in files] or [("other", ("", b""))]
    answer = Visitor(home).submit("/new", files=many)
    assert answer.status_code == 422 and code in answer.text and not list(home.glob(f"{FOLDER}/*"))


def test_what_became_no_book_is_kept_for_a_day(home: Path) -> None:
    visitor, rows = Visitor(home), b"text,label\n" + b"good words here,a\nbad words here,b\n" * 20
    first = sent(visitor, ("rows.csv", rows))
    old = home / FOLDER / first.rpartition("/")[2]
    os.utime(old, (0, time.time() - 100_000))
    second = sent(visitor, ("rows.csv", rows))
    assert not old.exists() and visitor.get(second).status_code == 200
    for name in ("x", "..", "0" * 31, "0" * 32):
        assert "new_page.gone" in visitor.get(f"/new/{name}").text or name == ".."
    assert base_name("a/b\\c.csv") == "c.csv" and base_name("..") == "" and base_name("a\u202eb") == ""


def test_a_reader_sends_nothing(home: Path) -> None:
    reader = Visitor(home, door=Door("ann", read_only=True))
    assert "<form" not in reader.get("/new").text
    assert reader.submit("/new", files=[("data", ("rows.csv", b"text,label\na,b\n"))]).status_code == 403
