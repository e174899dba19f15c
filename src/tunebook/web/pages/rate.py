"""Rating in a browser: begin a study, judge item after item without knowing the run, decide, see the result.

Each form has a token of its own, so that a browser which sends it twice says nothing twice; what a page acknowledges by
going on to the next item is on the disk. All of it works without scripts.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from tunebook.core.errors import DataError, TunebookError
from tunebook.core.messages import say
from tunebook.core.nouns import read_json
from tunebook.knowledge.chain import read_head
from tunebook.rating.draw import Shown
from tunebook.rating.files import Imported, export_rows, import_file, write_rows
from tunebook.rating.records import RatingResult
from tunebook.rating.session import Session
from tunebook.rating.study import FOLDER, PAIRS
from tunebook.report.named import named, titles
from tunebook.report.rating import PAGE as REPORT
from tunebook.verbs.rate import RESULT, changes, open_rating, rating_result, ratings_of
from tunebook.verbs.rate_study import check_study, typed_study
from tunebook.verbs.steps.book import Book
from tunebook.web.asked import Asked, Given
from tunebook.web.page import Page
from tunebook.web.render import status_of

router = APIRouter()
PAGE = Page(router, "rate", 55)
_OPTIONS = ("questions", "kind", "rows", "raters", "overlap", "by")
_USUAL = {"rows": "100", "overlap": "30%"}
_FIELD, _MOST_BYTES, _MOST_CLASSES, _MOST_RUNS = "q-", 50_000_000, 60, 30


@router.get("/book/{name}/rate")
def studies(asked: Given, name: str) -> Response:
    """All studies of a book, and how to begin one."""
    return _studies(asked, name, {}, [], None)


def _studies(
    asked: Asked, name: str, typed: Mapping[str, str], chosen: Sequence[str], fault: TunebookError | None
) -> Response:
    """Args: typed, chosen: fields and runs of the form, where it came back; fault: what is wrong with them."""
    book = asked.book(name)
    runs = named([run for run in reversed(book.runs) if run.finished][:_MOST_RUNS], book)
    studies = ratings_of(book)[::-1]
    judged = {run for study in studies for run in study.runs}
    names = titles([run for run in book.runs if run.id in judged], book)
    return asked.book_page(
        "rate.html.j2", name, "rate", status=status_of(fault) if fault else 200, studies=studies, runs=runs,
        names=names, given={**dict.fromkeys(_OPTIONS, ""), **_USUAL, **typed}, fault=fault,
        chosen=chosen if fault else [key for key, _ in runs[:2]],
    )  # fmt: skip


@router.post("/book/{name}/rate")
def begin(asked: Given, name: str) -> Response:
    """Begin a study: the runs may have to answer first, so it is a command at work."""
    book, runs = asked.book(name), asked.texts("run")
    typed = {option: asked.text(option).strip() for option in _OPTIONS}
    try:
        check_study(book, runs, typed_study(typed))
    except TunebookError as error:
        return _studies(asked, name, typed, runs, error)
    words: list[object] = ["rate", book.path, "new", "--runs", ",".join(runs)]
    for option in _OPTIONS:
        words += [f"--{option}", typed[option]] if typed[option] else []
    job = asked.jobs(book).start(words, asked.owner)
    return asked.go("book", name, "work", job.number)


@router.get("/book/{name}/rate/{study}")
def one(asked: Given, name: str, study: str) -> Response:
    """A study: who is how far, and its result once there is one."""
    return _study(asked, name, open_rating(asked.book(name), study))


def _study(asked: Asked, name: str, session: Session, imported: Imported | None = None) -> Response:
    book, known = asked.book(name), session.study
    ratings = session.ratings()
    raters = known.raters or sorted({rating.rater for rating in ratings if rating.role == "rater"})
    report = f"{FOLDER}/{session.name}/{REPORT}" if (session.folder / REPORT).is_file() else ""
    return asked.book_page(
        "rate_study.html.j2", name, "rate", study=known, session=session, report=report, imported=imported,
        raters=[session.done(rater) for rater in raters], notes=[*changes(book, known), *_outdated(session)],
        ratings=len(ratings),
        waiting=sum(not case.arbiter for case in session.disagreements(ratings)), me=_own(asked),
        rows=len({item.row for item in known.items}),
    )  # fmt: skip


def _outdated(session: Session) -> list[str]:
    """That the result that is shown was worked out before the last rating was given; nothing where there is none."""
    path, head = session.folder / RESULT, read_head(session.store.head_path)
    if not path.is_file() or head is None:
        return []
    told: RatingResult = read_json(RatingResult, path)
    return [] if told.head == head.hash else [say("rate.ui.outdated", ratings=told.ratings)]


def _own(asked: Asked) -> str:
    """Who rates where a proxy has signed somebody in: nobody rates in another's name."""
    return asked.owner if asked.door.user_header else ""


def _rater(asked: Asked, given: str) -> str:
    """Who rates.

    Raises:
        DataError: `rate.who`, a name that is not the one that was signed in.
    """
    own = _own(asked)
    if own and given.strip() not in ("", own):
        raise DataError("rate.who", key="rater", value=given, allowed=own)
    return own or given.strip()


@router.get("/book/{name}/rate/{study}/next")
def item(asked: Given, name: str, study: str) -> Response:
    """The next item of a rater; the same again until it is answered, whatever has crashed meanwhile."""
    session, rater = _open(asked, name, study), _rater(asked, asked.query("rater"))
    shown, done = session.turn(rater)
    said = {} if shown is None else session.said(rater, shown.item.key)
    view = {"said": said, "done": done, "action": "next", "only": None}
    return _item(asked, name, session, rater, (shown, view))


@router.post("/book/{name}/rate/{study}/next")
def give(asked: Given, name: str, study: str) -> Response:
    """Keep what a rater says of an item; then the next one is shown."""
    session, rater = _open(asked, name, study), _rater(asked, asked.text("rater"))
    session.give(rater, asked.text("item"), _values(asked), source="page", token=asked.text("token"))
    return _on(asked, name, study, "next", rater)


@router.post("/book/{name}/rate/{study}/undo")
def undo(asked: Given, name: str, study: str) -> Response:
    """Take back the last item of a rater, which is then shown again."""
    session, rater = _open(asked, name, study), _rater(asked, asked.text("rater"))
    session.undo(rater, source="page", token=asked.text("token"))
    return _on(asked, name, study, "next", rater)


@router.get("/book/{name}/rate/{study}/decide")
def case(asked: Given, name: str, study: str) -> Response:
    """The next disagreement that waits for an arbiter."""
    session, rater = _open(asked, name, study), _rater(asked, asked.query("rater"))
    found = session.case(rater)
    shown, only = found or (None, None)
    return _item(asked, name, session, rater, (shown, {"said": {}, "done": None, "action": "decide", "only": only}))


@router.post("/book/{name}/rate/{study}/decide")
def decide(asked: Given, name: str, study: str) -> Response:
    """Keep an arbiter's word."""
    session, rater = _open(asked, name, study), _rater(asked, asked.text("rater"))
    session.arbitrate(rater, asked.text("item"), _values(asked), source="page", token=asked.text("token"))
    return _on(asked, name, study, "decide", rater)


@router.post("/book/{name}/rate/{study}/result")
def result(asked: Given, name: str, study: str) -> Response:
    """Work out the result as it stands."""
    found = rating_result(asked.book(name), study)
    return asked.go("book", name, "rate", found.study)


@router.get("/book/{name}/rate/{study}/file")
def out(asked: Given, name: str, study: str) -> Response:
    """The items of a rater as a file, to be filled in elsewhere."""
    session = _open(asked, name, study)
    with tempfile.TemporaryDirectory() as folder:
        path = write_rows(export_rows(session, _rater(asked, asked.query("rater"))), Path(folder) / "out.csv")
        text = path.read_bytes()
    headers = {"content-disposition": f'attachment; filename="ratings-{session.name}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/book/{name}/rate/{study}/file")
def back(asked: Given, name: str, study: str) -> Response:
    """A file that was filled in: what became of each row."""
    session, sent = _open(asked, name, study), asked.form.get("file")
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise DataError("ui.field", key="file")
    content = sent.file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise DataError("rate.file", key=sent.filename, reason=f"> {_MOST_BYTES:,} bytes")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(sent.filename).name or "ratings.csv")
        path.write_bytes(content)
        found = import_file(session, path, _own(asked))
    return _study(asked, name, session, found)


def _open(asked: Asked, name: str, study: str) -> Session:
    book: Book = asked.book(name)
    return open_rating(book, study)


def _on(asked: Asked, name: str, study: str, action: str, rater: str) -> Response:
    from urllib.parse import urlencode

    return asked.go("book", name, "rate", study, action, query=f"?{urlencode({'rater': rater})}")


def _values(asked: Asked) -> dict[str, str]:
    """Question -> value, of the fields that were filled in."""
    told = {key.removeprefix(_FIELD): asked.text(key) for key in asked.form if key.startswith(_FIELD)}
    return {key: value for key, value in told.items() if value}


def _item(asked: Asked, name: str, session: Session, rater: str, what: tuple[Shown | None, dict[str, Any]]) -> Response:
    """An item as a form; the word that all are done where there is none."""
    shown, view = what
    study = session.study
    questions = [] if shown is None else [
        (question, study.values(shown.item, question))
        for question in study.questions
        if question.key not in view["said"] and view["only"] in (None, question.key)
    ]  # fmt: skip
    return asked.book_page(
        "rate_item.html.j2", name, "rate", session=session, rater=rater, shown=shown, questions=questions,
        token=secrets.token_hex(12), pairs=shown is not None and shown.item.kind == PAIRS, field=_FIELD,
        classes=asked.book(name).data.labels.names[:_MOST_CLASSES], **view,
    )  # fmt: skip


__all__ = [
    "PAGE", "back", "begin", "case", "decide", "give", "item", "one", "out", "result", "router", "studies", "undo",
]  # fmt: skip
