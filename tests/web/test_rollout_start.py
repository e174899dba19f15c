"""A rollout that begins on its page: the first run put live, the next one weighed and begun as the command does it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.logged import make_book
from tests.rolled import make_run
from tests.web.test_run import Idle
from tests.web.visitor import Visitor, words_of

from tunebook.report.named import title_of
from tunebook.rollout.state import state
from tunebook.verbs.rollout import deploy
from tunebook.verbs.steps.book import Book
from tunebook.web.door import Door
from tunebook.web.jobs import Jobs
from tunebook.web.pages import rollout as page

AT = "/book/book/rollout"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    monkeypatch.setattr("tunebook.web.jobs.subprocess.Popen", Idle)
    made = make_book(tmp_path / "book")
    for name, table in (("old", 1), ("new", 1), ("tried", 2)):
        make_run(made, name, table)
    return made


def form(book: Book, **more: str) -> dict[str, str]:
    return {"entry": str(state(book).entry), "reason": "newer rows", **more}


def test_the_first_run_is_put_live(book: Book) -> None:
    visitor = Visitor(book.path)
    shown = visitor.get(AT).text
    assert "No run of this book answers users yet" in shown and f'href="{AT}/deploy"' in shown
    assert 'name="reason"' in visitor.get(f"{AT}/deploy").text
    assert "rollout.reason" in visitor.submit(f"{AT}/deploy", form(book, run="old", reason=" ")).text
    refused = visitor.submit(f"{AT}/deploy", form(book, run="tried"))
    assert "rollout.unproven" in refused.text and refused.status_code == 409
    assert (
        ">newer rows</textarea>" in refused.text and 'value="tried" selected' in refused.text
    )  # nothing is typed twice
    assert "rollout_page.moved" in visitor.submit(f"{AT}/deploy", form(book, run="old", entry="9")).text
    assert state(book).live is None
    visitor.submit(f"{AT}/deploy", form(book, run="old"))
    entry = book.log.entries("rollout")[-1]
    assert state(book).live == "old" and entry.actor == "ann" and not entry.forced
    shown = visitor.get(AT).text
    assert f'href="{AT}/start"' in shown and f">{title_of(book.run('old'), book)} <" in shown


def test_what_speaks_against_the_chosen_run_stands_before_the_button(book: Book) -> None:
    visitor = Visitor(book.path)
    page = visitor.get(f"{AT}/deploy").text
    usual = words_of(page)
    assert f"What speaks against {title_of(book.run('old'), book)}" in usual and "no score on the test rows" in usual
    assert 'type="hidden" name="run" value="old"' in page and 'name="force"' not in page  # what was seen is put live
    assert "/scores?run=old" in page and "tunebook rollout deploy" in usual
    shown = visitor.get(f"{AT}/deploy", params={"run": "tried"}).text
    assert "rollout.unproven" in shown and 'name="force"' in shown and 'value="tried" selected' in shown
    assert "tried --force --reason" in words_of(shown) and "--force" not in usual
    (book.path / "runs/old/report.json").write_text("{}", encoding="utf-8")
    fine = visitor.get(f"{AT}/deploy", params={"run": "old"}).text
    assert "Nothing that is known speaks against it" in fine and "no score on the test rows" not in fine
    missing = visitor.get(f"{AT}/deploy", params={"run": "nobody"})
    assert "book.run" in missing.text and 'name="reason"' not in missing.text
    deploy(book, "old", actor="Ada")
    assert "rollout.live" in visitor.get(f"{AT}/deploy").text
    assert "no score on the test rows" in visitor.get(f"{AT}/start", params={"run": "new", "look": "1"}).text


def test_with_nothing_live_the_form_leads_to_the_first_step(book: Book) -> None:
    shown = Visitor(book.path).get(f"{AT}/start?look=1").text
    assert f'href="{AT}/deploy"' in shown and 'name="stages"' not in shown
    assert "tunebook rollout deploy" not in words_of(shown)


def test_a_champion_without_a_run_is_not_offered(book: Book) -> None:
    visitor = Visitor(book.path)
    assert "newest run of the champion" in visitor.get(f"{AT}/deploy").text
    for name in ("old", "new"):
        shutil.rmtree(book.path / "runs" / name)
    shown = visitor.get(f"{AT}/deploy").text
    assert "newest run of the champion" not in shown and "no trained run yet" in shown and 'value="tried"' in shown
    assert f"/book/{book.path.name}/train/new?look=1" in shown


def test_one_is_weighed_before_it_begins(book: Book) -> None:
    deploy(book, "old", actor="Ada")
    visitor = Visitor(book.path)
    empty = visitor.get(f"{AT}/start").text
    assert 'value="new"' in empty and 'value="old"' not in empty and 'placeholder="0,5,25,50,100"' in empty
    asked = {"run": "new", "stages": "0,50,100", "min_requests": "10", "look": "1"}
    shown = words_of(visitor.get(f"{AT}/start", params=asked).text)
    assert "0 % 50 % 100 %" in shown and "--stages 0,50,100 --min-requests 10" in shown and "Start a rollout" in shown
    assert "rollout.unproven" in visitor.get(f"{AT}/start", params={**asked, "run": "tried"}).text
    for wrong in ({"stages": "all"}, {"run": "old"}, {"min_requests": "few"}):
        answer = visitor.get(f"{AT}/start", params={**asked, **wrong})
        assert answer.status_code == 422 or answer.status_code == 409, wrong
        assert 'role="alert"' in answer.text and 'name="stages"' in answer.text
    assert state(book).candidate is None and not Jobs(book.path).all()


def test_it_begins_as_a_command_once(book: Book) -> None:
    deploy(book, "old", actor="Ada")
    visitor = Visitor(book.path)
    for _ in range(2):
        visitor.submit(f"{AT}/start", form(book, run="new", stages="0,100"))
    (job,) = Jobs(book.path).all()
    assert job.words[:4] == ["rollout", "start", str(book.path), "new"] and "--force" not in job.words
    assert job.words[4:] == ["--stages", "0,100", "--reason=newer rows", "--owner=ann"]
    assert page.PAGE.shown(book) and page.may_roll(book)


def test_what_is_not_proven_takes_force(book: Book) -> None:
    deploy(book, "old", actor="Ada")
    visitor = Visitor(book.path)
    refused = visitor.submit(f"{AT}/start", form(book, run="tried"))
    assert refused.status_code == 409 and "rollout.unproven" in refused.text and not Jobs(book.path).all()
    assert ">newer rows</textarea>" in refused.text and refused.text.count('role="alert"') == 1, "the form stays"
    assert 'name="run" value="tried"' in refused.text and "the choice in the form" in refused.text
    unsaid = visitor.submit(f"{AT}/start", form(book, run="tried", stages="0,100", reason=" ", force="1"))
    assert "rollout.reason" in unsaid.text and 'name="stages" value="0,100"' in unsaid.text
    assert 'value="1" required checked' in unsaid.text and not Jobs(book.path).all()
    visitor.submit(f"{AT}/start", form(book, run="tried", force="1"))
    (job,) = Jobs(book.path).all()
    assert job.words[-1] == "--force"


def test_a_reader_starts_nothing(book: Book) -> None:
    deploy(book, "old", actor="Ada")
    reader = Visitor(book.path, door=Door("ann", read_only=True))
    shown = reader.get(f"{AT}/start", params={"run": "new", "look": "1"}).text
    assert "new" in shown and 'method="post"' not in shown
    assert reader.submit(f"{AT}/start", form(book, run="new")).status_code == 403
