"""Commands at work, on their page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.books import Trained, base, trained  # noqa: F401
from tests.logged import make_book
from tests.web.test_jobs import ended
from tests.web.visitor import Visitor, words_of

from tunebook.web.jobs import Job, Jobs
from tunebook.web.pages.work import PAGE


def test_a_command_is_watched_and_run_again(trained: Callable[[str], Trained]) -> None:  # noqa: F811
    book = trained("classes").book.path
    jobs, visitor = Jobs(book), Visitor(book)
    at = f"/book/{book.name}/{PAGE.tab}"
    job = jobs.start(["check", book / "none"], "ann")
    assert ended(jobs, job) == "wrong"
    assert job.number in visitor.get(at).text and "Refused" in words_of(visitor.get(at).text)
    whole = visitor.get(f"{at}/{job.number}").text
    part = visitor.get(f"{at}/{job.number}", headers={"hx-request": "true"}).text
    assert "<!doctype" in whole and "<!doctype" not in part and "every 1s" not in part
    stopped = visitor.submit(f"/book/{book.name}/stop/{job.number}", follow_redirects=False)
    assert stopped.status_code == 303 and stopped.headers["location"] == f"{at}/{job.number}"
    again = visitor.submit(f"/book/{book.name}/again/{job.number}", follow_redirects=False)
    assert again.headers["location"] != f"{at}/{job.number}" and len(jobs.all()) == 2
    assert ended(jobs, jobs.all()[0]) == "wrong"


def test_one_that_succeeded_with_an_answer_is_shown(tmp_path: Path) -> None:
    book = make_book(tmp_path / "book")
    jobs = Jobs(book.path)
    place = jobs.folder / "x"
    place.mkdir(parents=True)
    (place / "job.json").write_text(Job(number="x", words=["promote"], owner="ann", begun=0.0).model_dump_json())
    (place / "end.json").write_text('{"code": 0}', encoding="utf-8")
    (place / "out.txt").write_text('{"champion": "v3"}', encoding="utf-8")
    page = Visitor(book.path).get(f"/book/book/{PAGE.tab}/x")
    assert page.status_code == 200 and "Done" in page.text
