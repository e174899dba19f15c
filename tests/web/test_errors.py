"""Errors of a run and a text tried out, on their pages."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
from tests.books import Trained, base, book, trained  # noqa: F401
from tests.web.test_jobs import ended
from tests.web.test_run import Idle
from tests.web.visitor import Visitor, words_of

from tunebook.challenge.perturbation import perturbations
from tunebook.core.errors import DataError
from tunebook.core.formatting import phrase
from tunebook.core.nouns import DataRef, Interval
from tunebook.diagnosis.records import Errors, Suspect, Suspects
from tunebook.tasks.tagging import Tagging
from tunebook.verbs.correct import correct
from tunebook.verbs.errors import errors as diagnose
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.runs import Run
from tunebook.web.jobs import Jobs
from tunebook.web.pages import errors, explain
from tunebook.web.rows import Wanted, labels_of, turn
from tunebook.web.suspects import suspects


@pytest.fixture
def found(trained: Callable[[str], Trained]) -> Trained:  # noqa: F811
    return trained("classes")


def test_what_is_known_of_a_run_is_shown(found: Trained) -> None:
    visitor, at = Visitor(found.book.path), f"/book/{found.book.path.name}/{errors.PAGE.tab}"
    diagnosed = diagnose(found.run)
    page = visitor.get(f"{at}?run={found.run.id}").text
    assert f"runs/{found.run.id}/validation/errors.html" in page and "tunebook errors" in words_of(page)
    ids = [row.row for part in diagnosed.suspects for row in part.found][: errors.MOST]
    assert ("data/rows?run=" in page) == bool(ids)
    assert turn(found.book.data, Wanted(ids=ids)).count == len(set(ids))  # they are ids of rows
    assert visitor.get(f"{at}?run=none").status_code == 422


def doubted_by(run: Run, data: DataRef, count: int) -> Errors:
    """A diagnosis that doubts the labels of the first validation rows."""
    rows = turn(data, Wanted(split="validation")).rows[:count]
    others = [next(name for name in data.labels.names if name != row["label"]) for row in rows]
    doubted = [
        Suspect(row=row["id"], split="validation", text="t", label=row["label"], suggestion=other, sure=0.93, own=0.1)
        for row, other in zip(rows, others, strict=True)
    ]
    share = Interval(value=0.1, low=0.0, high=0.2)
    part = Suspects(split="validation", how="run", rows=9, share=share, found=doubted)
    return diagnose(run).model_copy(update={"suspects": [part]})


def test_suspects_are_counted_whole_and_lead_to_their_rows(found: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    made = doubted_by(found.run, found.book.data, 3)
    monkeypatch.setattr("tunebook.web.suspects.read_errors", lambda run: made)
    monkeypatch.setattr(errors, "MOST", 2)
    assert list(suspects(found.book, found.run).values()) == made.suspects[0].found
    visitor, at = Visitor(found.book.path), f"/book/{found.book.path.name}"
    page = visitor.get(f"{at}/errors?run={found.run.id}").text
    assert "Suspected labels: 3" in page and "Look at the first 2" in page
    led = re.search(r'href="([^"]*data/rows[?][^"]*ids=[^"]*)"', page)
    assert led is not None
    shown = visitor.get(html.unescape(led[1])).text
    assert all((one.row in shown) == (place < 2) for place, one in enumerate(made.suspects[0].found))
    assert shown.count("(93.0% sure)") == 2 and "A suspicion is a question" in shown
    assert "sure)" not in visitor.get(f"{at}/data/rows").text, "without a run nothing is suggested"


def test_suggestions_are_taken_unless_another_label_is_chosen(
    found: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = open_book(shutil.copytree(found.book.path, tmp_path / "book"))
    made = doubted_by(found.run, copied.data, 3)
    monkeypatch.setattr("tunebook.web.suspects.read_errors", lambda run: made)
    first, second, third = made.suspects[0].found
    visitor, at = Visitor(copied.path), f"/book/book/data/rows?run={found.run.id}"
    labels = {f"was:{one.row}": one.label for one in (first, second, third)}
    own = {f"label:{one.row}": one.label for one in (first, second, third)}
    other = next(name for name in copied.data.labels.names if name not in (second.label, second.suggestion))
    form = {**labels, **own, f"label:{second.row}": other, "content": copied.data.content, "reason": "read"}
    form |= {f"take:{one.row}": one.suggestion for one in (first, second)}
    back = visitor.submit(at, {**form, "reason": ""})
    assert back.status_code == 422 and len(re.findall(r'name="take:[^>]* checked', back.text)) == 2, "ticks are kept"
    page = visitor.submit(at, form).text
    now = labels_of(open_book(copied.path).data, [first.row, second.row, third.row, "gone"])
    assert now == {first.row: first.suggestion, second.row: other, third.row: third.label}
    assert "2 rows were put right" in page and "2 of them are validation or test rows" in page
    assert list(suspects(open_book(copied.path), found.run)) == [third.row], "what was put right is suspected no more"
    assert "Suspected labels: 1" in visitor.get(f"/book/book/errors?run={found.run.id}").text
    assert f'name="take:{third.row}"' in page and f'name="take:{first.row}"' not in page


def test_a_run_of_rows_that_have_changed_since_is_told_as_such(found: Trained, tmp_path: Path) -> None:
    copied = open_book(shutil.copytree(found.book.path, tmp_path / "book"))
    visitor, asked = Visitor(copied.path), {"text": "a lovely room", "a": found.run.id}
    words = "trained on the rows v1, and the rows v2 are in force"
    assert words not in visitor.get("/book/book/errors").text
    assert words not in visitor.submit("/book/book/explain", asked).text
    row = turn(copied.data, Wanted()).rows[0]
    other = next(name for name in copied.data.labels.names if name != row["label"])
    correct(copied, {row["id"]: other})
    for page in (visitor.get("/book/book/errors"), visitor.submit("/book/book/explain", asked)):
        assert words in page.text and '/book/book/train/new?look=1">' in page.text


def test_work_is_begun_once_as_the_command_does_it(found: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor, at = Visitor(found.book.path), f"/book/{found.book.path.name}/errors"
    monkeypatch.setattr(errors, "words_of", lambda at, run, key, typed: ["check", str(Path(at.path) / "none")])
    done = visitor.submit(at, {"work": "errors", "run": found.run.id}, follow_redirects=False)
    jobs = Jobs(found.book.path)
    assert done.status_code == 303 and done.headers["location"].endswith(jobs.all()[0].number)
    assert ended(jobs, jobs.all()[0]) == "wrong"
    assert visitor.submit(at, {"work": "rm", "run": found.run.id}).status_code == 422


def test_every_piece_of_work_is_a_command(found: Trained) -> None:
    from tunebook.cli.app import COMMANDS

    lines = [errors.words_of(found.book, found.run, key) for key in errors.WORK]
    assert {line[0] for line in lines} <= set(COMMANDS) and all(line[-2:] == ["--run", found.run.id] for line in lines)


def test_options_become_words_of_the_command(found: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = {"only": "typos", "sentiment": "positive=good\nnegative=bad", "gate": "1", "attack": ""}
    words = errors.words_of(found.book, found.run, "challenge", typed)
    assert words[2:-2] == ["--only", "typos", "--sentiment", "positive=good", "--sentiment", "negative=bad", "--gate"]
    assert errors.words_of(found.book, found.run, "explain", {"errors": "3"})[2:4] == ["--errors", "3"]
    assert (
        isinstance(errors.WORK["errors"], errors.Work)
        and errors.words_of(found.book, found.run, "errors")[2] == "--run"
    )
    visitor, at = Visitor(found.book.path), f"/book/{found.book.path.name}/errors"
    assert f"{at}/challenge?run=" in visitor.get(at).text
    assert "which label says that something is good" in visitor.get(f"{at}/challenge?run={found.run.id}").text
    known = visitor.get(f"{at}/challenge?run={found.run.id}").text
    for key in perturbations():
        assert f"<dt><code>{key}</code></dt><dd>{phrase('challenge.kind', key)}</dd>" in known
    assert "occlusion" in visitor.get(f"{at}/explain?run={found.run.id}").text
    assert visitor.get(f"{at}/rm").status_code == 422
    monkeypatch.setattr("tunebook.web.jobs.subprocess.Popen", Idle)
    visitor.submit(at, {"work": "explain", "run": found.run.id, "errors": "2", "by": "character"})
    assert Jobs(found.book.path).all()[0].words[2:6] == ["--errors", "2", "--by", "character"]


def test_a_text_is_answered_and_its_words_marked(found: Trained) -> None:
    visitor, at = Visitor(found.book.path), f"/book/{found.book.path.name}/{explain.PAGE.tab}"
    text = found.run.plan.labels.names[0] + " <b>thing</b>"
    answer = visitor.submit(at, {"text": text, "a": found.run.id, "b": found.run.id, "why": "1"})
    assert answer.status_code == 200 and answer.text.count('class="verdict"') == 1  # one model, asked once
    assert "<b>thing" not in answer.text and 'class="explained"' in answer.text
    empty = visitor.submit(at, {"text": " ", "a": found.run.id, "why": "1"})
    assert empty.status_code in (200, 422) and "Traceback" not in empty.text
    assert visitor.submit(at, {"text": "x", "a": "none"}).status_code == 422


def test_that_nothing_is_found_is_an_answer(found: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "task_of", lambda name: Tagging)
    visitor, at = Visitor(found.book.path), f"/book/{found.book.path.name}/{explain.PAGE.tab}"
    monkeypatch.setattr("tunebook.verbs.predict.predict", lambda *given: [{"spans": [], "notes": []}])
    monkeypatch.setattr("tunebook.explain.explaining.targets_of", lambda *given: iter(()))
    asked = {"text": "nobody is here", "a": found.run.id, "why": "1"}
    answer = visitor.submit(at, asked)
    assert answer.status_code == 200 and "(no entity)" in answer.text and 'role="alert"' not in answer.text
    spans = [{"text": "Ada", "label": "PER", "start": 0, "end": 3, "score": 0.9}]
    monkeypatch.setattr("tunebook.verbs.predict.predict", lambda *given: [{"spans": spans, "notes": []}])
    answer = visitor.submit(at, asked)
    assert "Ada (PER)" in answer.text and "0.900" in answer.text and "start" not in words_of(answer.text)
    refused = DataError("explain.answer", key="answer", value="x")
    monkeypatch.setattr("tunebook.verbs.explain.quick", Mock(side_effect=refused))
    assert visitor.submit(at, asked).status_code == 422


def test_a_book_without_a_model_says_so(book: Book) -> None:  # noqa: F811
    for page in (errors.PAGE, explain.PAGE):
        answer = Visitor(book.path).get(f"/book/{book.path.name}/{page.tab}")
        assert answer.status_code == 200 and "train one first. New training" in words_of(answer.text)
    assert errors.finished(book) == []
