"""Trainings on pages: looked at before they begin, begun once, and listed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.books import Trained, base, book, trained  # noqa: F401
from tests.web.test_jobs import ended
from tests.web.test_run import Idle
from tests.web.visitor import Visitor, words_of

from tunebook.core.errors import TunebookError
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run
from tunebook.web.jobs import Jobs
from tunebook.web.pages.train import PAGE, Wish

FORM = {"table": "v1", "seed": "7", "changes": "max_epochs=1\nprecision = fp32\nbatch_size=16"}


@pytest.fixture
def visitor(book: Book) -> Visitor:  # noqa: F811
    return Visitor(book.path)


def at(book: Book) -> str:  # noqa: F811
    return f"/book/{book.path.name}/{PAGE.tab}"


def test_what_is_asked_for_becomes_a_command(tmp_path: Path) -> None:
    wish = Wish.of(lambda name: FORM[name])
    words = [str(word) for word in wish.words(Book(tmp_path))]
    assert words[:4] == ["train", str(tmp_path), "--table", "v1"]
    assert words[4:] == [
        "--set",
        "max_epochs=1",
        "--set",
        "precision = fp32",
        "--set",
        "batch_size=16",
        "--set",
        "seed=7",
    ]
    assert Wish("", "", "").words(Book(tmp_path)) == ["train", tmp_path, "--table", "champion"]


def test_its_cost_is_told_before_it_begins(book: Book, visitor: Visitor) -> None:  # noqa: F811
    page = visitor.get(f"{at(book)}/new").text
    assert "Start the training" not in page and 'name="changes"' in page
    page = words_of(visitor.get(f"{at(book)}/new", params={**FORM, "look": "1"}).text)
    assert "Start the training" in page and "steps" in page and "--set seed=7" in page
    assert not (book.path / "runs").exists() and not Jobs(book.path).all()


@pytest.mark.parametrize("changes", ["learning_rate", "max_epochs=-1", "nothing=1", "seed=1\nseed=2"])
def test_what_cannot_be_is_told_beside_the_form(book: Book, visitor: Visitor, changes: str) -> None:  # noqa: F811
    answer = visitor.get(f"{at(book)}/new", params={"table": "v1", "changes": changes, "look": "1"})
    assert answer.status_code == 422 and 'role="alert"' in answer.text and 'name="changes"' in answer.text
    assert visitor.submit(at(book), {"table": "v1", "changes": changes}).status_code == 422
    assert Jobs(book.path).all() == []


def test_one_that_is_sent_twice_begins_once(book: Book, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr("tunebook.web.jobs.subprocess.Popen", Idle)
    wish = Wish.of(lambda name: FORM[name])
    first, second = (visitor.submit(at(book), dict(FORM), follow_redirects=False) for _ in range(2))
    jobs = Jobs(book.path)
    (job,) = jobs.all()
    assert job.about == wish.plan(book).id and job.owner == "ann"
    begin = f"{at(book)}/begin/{job.number}"
    assert first.headers["location"] == begin and second.headers["location"].startswith(at(book))
    assert "Begins" in visitor.get(begin).text
    run = Run(book.path / "runs" / f"20260101-000000-{job.about}")
    run.path.mkdir(parents=True)
    (run.path / "plan.json").write_text(wish.plan(book).model_dump_json(), encoding="utf-8")
    assert visitor.get(begin, follow_redirects=False).headers["location"] == f"{at(book)}/{run.id}"
    assert visitor.get(begin, headers={"hx-request": "true"}).headers["hx-redirect"] == f"{at(book)}/{run.id}"
    (run.path / "outcome.json").write_text("{}", encoding="utf-8")
    again = visitor.submit(at(book), dict(FORM), follow_redirects=False)
    assert again.headers["location"] == f"{at(book)}/{run.id}" and len(jobs.all()) == 1
    page = visitor.get(f"{at(book)}/new", params={**FORM, "look": "1"}).text
    assert "This very training has been done" in page and "Start the training" not in page


def test_one_that_was_refused_says_why(book: Book, visitor: Visitor) -> None:  # noqa: F811
    jobs = Jobs(book.path)
    job = jobs.once(["train", book.path, "--table", "v9"], "ann", "0" * 12)
    begin = f"{at(book)}/begin/{job.number}"
    assert "hx-get" in visitor.get(begin).text
    assert ended(jobs, job) == "wrong"
    page = visitor.get(begin).text
    assert "table.no_version" in page and "every 1s" not in page
    with pytest.raises(TunebookError, match=r"ui\.job"):
        jobs.job("none")


def test_hundreds_of_runs_come_in_parts(trained: Callable[[str], Trained], tmp_path: Path) -> None:  # noqa: F811
    found = trained("classes")
    shutil.copytree(found.book.path, tmp_path / "many", ignore=shutil.ignore_patterns("runs", "jobs"))
    for number in range(120):
        run = tmp_path / "many" / "runs" / f"20260101-000000-{number:012x}"
        run.mkdir(parents=True)
        for name in ("plan.json", "report.json", "outcome.json"):
            shutil.copyfile(found.run.path / name, run / name)
    (run / "plan.json").write_text("{", encoding="utf-8")
    (run / "outcome.json").unlink()
    visitor = Visitor(tmp_path / "many")
    page = visitor.get("/book/many/train").text
    assert page.count('<th scope="row">') == 50 and "Page 1 of 3" in page and "Damaged" in page
    last = visitor.get("/book/many/train?page=99").text
    assert last.count('<th scope="row">') == 20 and "Page 3 of 3" in last and 'rel="next"' not in last
    assert "Page 1 of 3" in visitor.get("/book/many/train?page=x").text


def test_a_list_says_where_each_stands(book: Book, visitor: Visitor) -> None:  # noqa: F811
    assert "Nothing was trained" in visitor.get(at(book)).text
    run = book.path / "runs" / "20260101-000000-0123456789ab"
    run.mkdir(parents=True)
    plan = Wish.of(lambda name: FORM[name]).plan(book)
    (run / "plan.json").write_text(plan.model_dump_json(), encoding="utf-8")
    assert "Stopped" in visitor.get(at(book)).text
    (run / "failed.json").write_text(json.dumps({"code": "run.diverged"}), encoding="utf-8")
    assert "Failed" in visitor.get(at(book)).text
