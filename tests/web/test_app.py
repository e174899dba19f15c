"""Pages as a whole: every one answers, broken books are shown as such, and reports stay in their frames."""

from __future__ import annotations

import html
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.books import Trained, base, trained  # noqa: F401
from tests.web.visitor import BASE, Visitor, words_of

from tunebook.core.errors import BookError
from tunebook.core.nouns import write_json
from tunebook.report.named import apart, named, title_of, titles
from tunebook.verbs.steps.plan import plan
from tunebook.web.app import application
from tunebook.web.asked import Asked, Given
from tunebook.web.door import POLICY, Guard
from tunebook.web.page import Page, always, pages
from tunebook.web.pages import home, overview
from tunebook.web.pages.files import inside
from tunebook.web.shelf import Shelf


@pytest.fixture
def found(trained: Callable[[str], Trained]) -> Trained:  # noqa: F811
    return trained("classes")


def test_every_tab_of_a_book_opens(found: Trained) -> None:
    visitor = Visitor(found.book.path)
    for page in pages():
        if page.tab and page.shown(found.book):
            answer = visitor.get(f"/book/{found.book.path.name}/{page.tab}")
            assert answer.status_code == 200, (page.tab, words_of(answer.text))


def test_pages_have_their_tabs_in_order() -> None:
    orders = [page.order for page in pages()]
    tabs = [page.tab for page in pages() if page.tab]
    assert orders == sorted(orders) and len(tabs) == len(set(tabs)) and isinstance(pages()[0], Page)
    assert home.PAGE in pages() and overview.PAGE in pages() and Given.__origin__ is Asked  # type: ignore[attr-defined]
    assert always(None)  # type: ignore[arg-type]


def test_books_of_a_folder_and_books_by_name_are_shown(tmp_path: Path, found: Trained) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "book.toml").write_text("task = 3 = 4", encoding="utf-8")
    visitor = Visitor(tmp_path, found.book.path)
    page = words_of(visitor.get("/").text)
    assert "broken" in page and "book.toml" in page and found.book.path.name in page
    assert visitor.get("/book/broken/overview").status_code == 422
    assert visitor.get("/book/brokn/overview").status_code == 404


def test_a_book_by_its_name_alone_is_its_overview(found: Trained) -> None:
    visitor, at = Visitor(found.book.path), f"/book/{found.book.path.name}"
    for path in (at, f"{at}/"):
        answer = visitor.get(path, follow_redirects=False)
        assert answer.status_code == 303 and answer.headers["location"] == f"{at}/overview"
    assert visitor.get("/book/none").status_code == 404


def test_the_head_of_a_page_is_that_of_its_answer(found: Trained) -> None:
    visitor = Visitor(found.book.path)
    for path in ("/", f"/book/{found.book.path.name}/overview", "/static/style.css", "/book/none/overview"):
        head, page = visitor.head(path), visitor.get(path)
        assert (head.status_code, head.headers["content-type"]) == (page.status_code, page.headers["content-type"])
        assert head.content == b"" and page.content


def test_a_form_that_is_too_large_or_none_is_told(found: Trained) -> None:
    visitor, at = Visitor(found.book.path), f"/book/{found.book.path.name}/data/rows"
    for more in ({}, {"files": {"file": ("a.csv", b"a")}}):
        large = visitor.submit(at, {"reason": "x" * 1_100_000}, **more)
        assert large.status_code == 413 and "ui.large" in large.text and "maximum size" in large.text
    kind = {"origin": BASE, "content-type": "multipart/form-data"}
    none = visitor.post(at, content=b"x", headers=kind)
    assert none.status_code == 400 and "ui.form" in none.text


def test_a_book_without_its_tables_or_its_log_is_shown_as_broken(tmp_path: Path, found: Trained) -> None:
    for name in ("bare", "mute"):
        shutil.copytree(found.book.path, tmp_path / name)
    shutil.rmtree(tmp_path / "bare" / "tables")
    (tmp_path / "mute" / "log.sqlite").write_bytes(b"")
    visitor = Visitor(tmp_path)
    shown = words_of(visitor.get("/").text)
    assert "fine_tune_params_v1.json is gone" in shown and "log.sqlite is no change log" in shown
    for name, code, do in (("bare", "table.lost", "from a copy"), ("mute", "log.damaged", "Restore log.sqlite")):
        for tab in ("overview", "tables", "train/new", "ab/new", "promote/v1", "log"):
            page = visitor.get(f"/book/{name}/{tab}")
            assert page.status_code < 500 and "vNone" not in page.text, (name, tab)
        page = visitor.get(f"/book/{name}/overview")
        assert page.status_code == 422 and code in page.text and do in page.text


def test_a_run_of_the_champion_that_has_not_finished_is_told_of(found: Trained, tmp_path: Path) -> None:
    at = Path(shutil.copytree(found.book.path, tmp_path / "begun", ignore=shutil.ignore_patterns("runs")))
    write_json(plan(found.book.champion, found.book.data), at / "runs" / "20260101-000000-a" / "plan.json")
    for page in ("/", "/book/begun/overview"):
        told = words_of(Visitor(at).get(page).text)
        assert "not trained yet: no run of it has finished" in told and "has other values" not in told


def test_a_run_of_other_values_is_no_score_of_the_champion(found: Trained) -> None:
    at = f"/book/{found.book.path.name}"
    visitor = Visitor(found.book.path)
    page = words_of(visitor.get(f"{at}/overview").text)
    assert (
        "Score of v1 not trained yet: every run so far has other values Newest score, of v1 + " in page
        and " · test" in page
    )
    assert "What comes next Train v1, the table in force See what the model gets wrong" in page
    [(run, text)] = named([found.run], found.book)
    assert run == found.run.id and text.startswith("v1 + ") and text.endswith(f" · {run}"), "the id comes last"
    assert "(test)" in text and f" · {found.run.begun} · " in text and found.run.begun.startswith("20")
    near, values = apart(found.run, found.book)
    assert near == "v1" and "max_epochs=" in values
    assert values in html.unescape(words_of(visitor.get(f"{at}/train/{run}").text)), "all of them, however many"
    assert titles([found.run], found.book) == {run: title_of(found.run, found.book)}
    assert title_of(found.run, found.book) == " · ".join(text.split(" · ")[:2])
    assert text in visitor.get(f"{at}/errors").text and text in visitor.get(f"{at}/rate").text


def test_another_language_shows_the_same(found: Trained) -> None:
    at = f"/book/{found.book.path.name}/data/rows"
    page = Visitor(found.book.path).get(f"{at}?q=a%26b&lang=zh").text
    assert 'href="?q=a%26b&amp;lang=en"' in page and 'lang="zh-CN"' in page


def test_from_what_did_not_work_one_comes_back_to_the_book(found: Trained) -> None:
    at = f"/book/{found.book.path.name}"
    assert f'href="{at}/overview"' in Visitor(found.book.path).get(f"{at}/none").text
    assert "/overview" not in Visitor(found.book.path).get("/book/none/data").text


def test_books_of_one_name_have_addresses_of_their_own(tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place / "same").mkdir(parents=True)
        (tmp_path / place / "same" / "book.toml").write_text("", encoding="utf-8")
    shelf = Shelf.of([tmp_path / "a", tmp_path / "b"])
    assert list(shelf.books()) == ["same", "same-2"] and shelf.home == tmp_path / "a"
    assert shelf.book("same-2").path.parent.name == "b"
    with pytest.raises(BookError, match=r"ui\.place"):
        Shelf.of([tmp_path / "none"])


def test_a_report_is_shown_in_a_frame_that_reaches_nothing(found: Trained) -> None:
    path = f"runs/{found.run.id}/report.html"
    answer = Visitor(found.book.path).get(f"/book/{found.book.path.name}/file/{path}")
    assert answer.status_code == 200 and answer.headers["content-security-policy"].startswith("sandbox allow-scripts ")


@pytest.mark.parametrize(
    "path", ["../rows.csv", "book.toml", "none.html", ".cache/x.html", "data", "/etc/passwd", "data/a\0.html"]
)
def test_nothing_else_of_the_machine_is_shown(found: Trained, path: str) -> None:
    with pytest.raises(BookError, match=r"ui\.file"):
        inside(found.book.path, path)
    assert Visitor(found.book.path).get(f"/book/{found.book.path.name}/file/{quote(path)}").status_code == 404


def test_a_link_out_of_the_book_is_not_followed(found: Trained, tmp_path: Path) -> None:
    outside = tmp_path / "secret.html"
    outside.write_text("secret", encoding="utf-8")
    link = found.book.path / "link.html"
    link.symlink_to(outside)
    try:
        with pytest.raises(BookError, match=r"ui\.file"):
            inside(found.book.path, "link.html")
    finally:
        link.unlink()


def test_what_fails_is_told_without_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Shelf) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Shelf, "books", full)
    answer = Visitor(tmp_path).get("/")
    assert answer.status_code == 503 and "machine.disk" in answer.text and "Traceback" not in answer.text
    assert answer.headers["content-security-policy"] == POLICY

    def broken(self: Shelf) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Shelf, "books", broken)
    answer = Visitor(tmp_path).get("/")
    assert answer.status_code == 500 and "ZeroDivisionError" in answer.text and "secret" not in answer.text
    assert answer.headers["content-security-policy"] == POLICY
    assert isinstance(application(Shelf.of([tmp_path]), Visitor(tmp_path).door), Guard)
