"""Versions of a table on their pages: read, compared, changed with a reason, proposed."""

from __future__ import annotations

import html
from collections.abc import Callable

import pytest
from tests.books import Trained, base, book, trained  # noqa: F401
from tests.web.test_run import Idle
from tests.web.visitor import Visitor, words_of

from tunebook.core.formatting import shown
from tunebook.tables.declared import find
from tunebook.verbs.change_table import Added, add_table, change_table
from tunebook.verbs.steps.book import Book
from tunebook.web import parting
from tunebook.web.jobs import Jobs
from tunebook.web.pages import search
from tunebook.web.pages.tables import PAGE


@pytest.fixture
def at(book: Book) -> str:  # noqa: F811
    return f"/book/{book.path.name}/{PAGE.tab}"


def test_a_row_is_changed_with_its_reason(book: Book, at: str) -> None:  # noqa: F811
    visitor = Visitor(book.path)
    page = visitor.get(f"{at}/champion/change?row=learning_rate")
    said = html.unescape(words_of(page.text))
    assert "May be: a number, above 0 and at most 1" in said and "float > 0" not in said
    for key in ("learning_rate", "fgm.epsilon"):
        assert find(key).row.text in said and f'href="?row={key}"' in page.text, "all rows, those that are off too"
    done = visitor.submit(
        f"{at}/v1/change", {"row": "learning_rate", "value": "3e-5", "note": "slower"}, follow_redirects=False
    )
    assert done.status_code == 303 and done.headers["location"] == f"{at}/v2?new=1"
    table = book.tables.get(2)
    assert (table.values()["learning_rate"], table.owner, table.note) == (3e-5, "ann", "slower")
    assert book.tables.champion == 1 and "slower" in words_of(visitor.get(f"{at}/v2?new=1").text)
    steps = visitor.get(f"{at}/v2?new=1").text
    for place in ("train/new?table=v2&amp;look=1", "ab/new?a=v1&amp;b=v2&amp;look=1", "promote/v2"):
        assert f"{at.rpartition('/')[0]}/{place}" in steps
    assert "/promote/" not in visitor.get(f"{at}/v1").text and "changed;" not in visitor.get(f"{at}/v1").text
    before = shown(book.champion.rows["learning_rate"].value)
    told = visitor.get(f"{at}/v2").text
    assert told.count("changed;") == 1 and f"changed; {before} in v1" in told and "which speak of its values" in told
    differ = words_of(visitor.get(f"{at}/diff?old=v1&new=v2").text)
    assert "learning_rate" in differ and "3e-05" in differ and "tunebook table diff" in differ
    assert "v2" in words_of(visitor.get(at).text)


def test_many_versions_are_shown_a_page_at_a_time(book: Book, at: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(parting.part_of, "__defaults__", (2,))
    for number in range(3):
        change_table(book, book.champion, {"seed": 10 + number}, note=f"note {number}")
    visitor = Visitor(book.path)
    first, last = (words_of(visitor.get(f"{at}?page={page}").text) for page in (1, 2))
    assert "note 2" in first and "note 1" in first and "note 0" not in first and "note 0" in last


@pytest.mark.parametrize(
    ("given", "code", "key"),
    [
        ({"row": "learning_rate", "value": "-1", "note": "why"}, "row.value", "learning_rate"),
        ({"row": "learning_rte", "value": "1", "note": "why"}, "row.unknown", "learning_rte"),
        ({"row": "learning_rate", "value": "1e-4", "note": " "}, "tables_page.reason", "note"),
        ({"row": "", "value": "1e-4", "note": "why"}, "tables_page.row", "row"),
    ],
)
def test_what_is_wrong_stands_beside_the_form(book: Book, at: str, given: dict[str, str], code: str, key: str) -> None:  # noqa: F811
    answer = Visitor(book.path).submit(f"{at}/v1/change", dict(given))
    assert answer.status_code == 422 and code in answer.text and book.tables.versions() == [1]
    assert f'data-key="{key}"' in answer.text  # by which the field is found that it is about
    if given["note"].strip():
        assert f'value="{given["note"]}"' in answer.text  # nothing that was typed is lost


def test_several_rows_are_changed_in_one_version(book: Book, at: str) -> None:  # noqa: F811
    visitor = Visitor(book.path)
    typed = {"row": ["learning_rate", ""], "value": ["3e-5", ""], "note": "slower"}
    page = visitor.submit(f"{at}/v1/change", {**typed, "more": "1"})
    assert page.status_code == 200 and book.tables.versions() == [1]
    assert 'value="3e-5"' in page.text and 'value="slower"' in page.text and 'id="row2" name="row"' in page.text
    assert 'aria-label="Row 2"' in page.text and page.text.count("autofocus") == 1
    both = {"row": ["learning_rate", "fgm", ""], "value": ["3e-5", "often", ""], "note": "slower"}
    wrong = visitor.submit(f"{at}/v1/change", dict(both))
    assert wrong.status_code == 422 and book.tables.versions() == [1]
    for kept in ('value="learning_rate"', 'value="3e-5"', 'value="fgm"', 'value="often"', 'value="slower"'):
        assert kept in wrong.text
    assert "learning_rate=3e-5 fgm=often --table v1 --note slower" in words_of(wrong.text)
    for rows, code in ((["seed", "seed"], "cli.twice"), (["seed", ""], "tables_page.row")):
        answer = visitor.submit(f"{at}/v1/change", {"row": rows, "value": ["7", "8"], "note": "why"})
        assert answer.status_code == 422 and code in answer.text and book.tables.versions() == [1]
    both["value"] = ["3e-5", "on", ""]
    visitor.submit(f"{at}/v1/change", both)
    table = book.tables.get(2)
    assert table.values()["learning_rate"] == 3e-5 and "fgm.epsilon" in table.values() and table.note == "slower"


def test_a_proposal_has_its_sources_and_becomes_a_version(book: Book) -> None:  # noqa: F811
    change_table(book, book.champion, {"batch_size": 4}, note="small")
    visitor, at = Visitor(book.path), f"/book/{book.path.name}/tables-proposal"
    page = visitor.get(at)
    assert page.status_code == 200 and "tunebook table recommend" in words_of(page.text)
    before = book.tables.versions()
    done = visitor.submit(at, {"note": "as proposed"}, follow_redirects=False)
    assert done.status_code == 303
    assert len(book.tables.versions()) == len(before) + (done.headers["location"] != at)


def test_a_damaged_version_hides_no_other(book: Book, at: str) -> None:  # noqa: F811
    added = change_table(book, book.champion, {"batch_size": 4}, note="small")
    assert isinstance(added, Added) and added.changes[0]["row"] == "batch_size" and added.warnings == []
    again = add_table(book, None, added.table.model_copy(update={"version": 0, "parent": None}), [])
    assert again.changes == [] and again.table.version == 3
    path = book.tables.path(2)
    path.chmod(0o644)
    path.write_text("{}", encoding="utf-8")
    page = Visitor(book.path).get(at)
    assert page.status_code == 200 and 'class="bad"' in page.text and ">v3<" in page.text


def test_a_study_is_shown_in_a_frame(trained: Callable[[str], Trained]) -> None:  # noqa: F811
    found = trained("classes").book.path
    folder = found / "searches" / "abc"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text("<p>tried</p>", encoding="utf-8")
    at = f"/book/{found.name}/tables"
    assert "abc" in Visitor(found).get(at).text
    assert "searches/abc/report.html" in Visitor(found).get(f"{at}/study/abc").text


def test_a_search_begins_once_as_the_command_does_it(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr("tunebook.web.jobs.subprocess.Popen", Idle)
    visitor, at = Visitor(book.path), f"/book/{book.path.name}/tables-search"
    assert at in visitor.get(f"/book/{book.path.name}/tables").text and "median" in visitor.get(at).text
    for _ in range(2):
        visitor.submit(at, {"rows": "learning_rate", "range": "learning_rate=1e-5..1e-4", "runs": "3", "table": "v1"})
    (job,) = Jobs(book.path).all()
    typed = {"table": "v1", "rows": "learning_rate", "range": "learning_rate=1e-5..1e-4", "runs": "3"}
    assert job.words == [str(word) for word in search.words(book, typed)] and job.words[:2] == ["table", "search"]
