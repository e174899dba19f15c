"""The learning curve on its page, and a file of rows of which some are to be labelled."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.books import base, book  # noqa: F401
from tests.web.test_run import Idle
from tests.web.visitor import Visitor, words_of

from tunebook.verbs.curve import CurveOptions
from tunebook.verbs.curve import curve as draw
from tunebook.verbs.steps.book import Book
from tunebook.web.jobs import Jobs
from tunebook.web.pages import curve, label_next


@pytest.fixture(autouse=True)
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunebook.web.jobs.subprocess.Popen", Idle)


def test_what_it_costs_is_told_and_it_begins_once(book: Book) -> None:  # noqa: F811
    visitor, at = Visitor(book.path), f"/book/{book.path.name}/data/curve"
    assert at in visitor.get(f"/book/{book.path.name}/data").text
    assert "Draw the curve" not in visitor.get(at).text
    asked = {"sizes": "8,16,1", "seeds": "2", "target": "90%", "table": "v1"}
    page = words_of(visitor.get(at, params={**asked, "look": "1"}).text)
    assert "Draw the curve" in page and "--sizes 8,16,1" in page and "6 runs" in page
    for wrong in ({"seeds": "1.5"}, {"sizes": "many"}, {"target": "much"}, {"table": "v9"}):
        answer = visitor.get(at, params={**asked, **wrong, "look": "1"})
        assert answer.status_code == 422 and 'role="alert"' in answer.text, wrong
    for _ in range(2):
        visitor.submit(at, dict(asked))
    (job,) = Jobs(book.path).all()
    assert job.words == [str(word) for word in curve.words(book, asked)] and job.words[0] == "curve"
    assert job.typed in words_of(visitor.get(at).text)


def test_a_curve_that_was_drawn_is_shown(book: Book) -> None:  # noqa: F811
    found = draw(book, options=CurveOptions(sizes=(8, 16), seeds=1, frozen=True))
    page = Visitor(book.path).get(f"/book/{book.path.name}/data/curve").text
    assert f"curves/{found.curve}/curve.html" in page and 'class="verdict' not in page, "which the report says"
    (book.path / "curves" / found.curve / "curve.html").unlink()
    page = Visitor(book.path).get(f"/book/{book.path.name}/data/curve").text
    assert "<iframe" not in page and 'class="verdict' in page


def test_rows_to_label_are_chosen_of_a_file_that_is_sent(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    visitor, at = Visitor(book.path), f"/book/{book.path.name}/data/next"
    assert "train one first" in words_of(visitor.get(at).text)
    monkeypatch.setattr(label_next, "finished", lambda book: [])
    answer = visitor.submit(at, {"rows": "5"})
    assert answer.status_code == 422 and "new_page.file" in answer.text
    sent = {"file": ("C:\\rows\\未标注.csv", "text\nhello\n")}
    visitor.submit(at, {"rows": "5", "by": "uncertainty"}, files=sent)
    (job,) = Jobs(book.path).all()
    file, into = Path(job.words[3]), Path(job.words[5])
    assert job.words[:3] == ["curve", str(book.path), "--next"] and job.words[6:] == [
        "--rows",
        "5",
        "--by",
        "uncertainty",
    ]
    assert file.read_text(encoding="utf-8") == "text\nhello\n" and file.name == "未标注.csv"
    into.write_text("text,label\n", encoding="utf-8")
    shown = visitor.get(at).text
    assert into.relative_to(book.path).as_posix() in shown and "--new" in shown
    path = f"/book/{book.path.name}/file/{into.relative_to(book.path).as_posix()}"
    assert visitor.get(path).text == "text,label\n"
