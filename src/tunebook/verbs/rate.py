"""Rate: people judge the answers of runs, blind; what they say is kept, and what it proves is told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pydantic import Field

from tunebook.core.errors import DataError, TunebookError
from tunebook.core.folders import folder_of
from tunebook.core.localized import localized
from tunebook.core.nouns import Record, write_json
from tunebook.core.progress import Progress
from tunebook.rating.records import RatingResult
from tunebook.rating.result import result_of
from tunebook.rating.session import Done, Session
from tunebook.rating.study import FILE, FOLDER, Study, find_study, studies_in
from tunebook.report.rating import write_rating_page
from tunebook.verbs.rate_study import Draw, Wanted, kind_of, run_named
from tunebook.verbs.steps.answers import model_key
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run

RESULT = "result.json"


class StudyLine(Record):
    """A study in a list: `fault` says why it cannot be opened."""

    study: str
    runs: list[str] = Field(default_factory=list)
    questions: list[str] = Field(default_factory=list)
    items: int = 0
    created: str = ""
    ratings: int = 0
    raters: list[Done] = Field(default_factory=list)
    fault: str = ""


def new_rating(
    book: Book, runs: Sequence[str], wanted: Wanted | None = None, progress: Progress | None = None
) -> Session:
    """Begin a study of what runs answer to rows of the book: answers are asked once, rows drawn, and all of it frozen
    in `ratings/ID/study.json`. The same study again is the one that is there.

    Args:
        runs: ids, their starts, `champion`, `latest`, or `v2` for the newest run of a table.

    Raises:
        PlanError: `rate.which_runs`, `rate.kind`, `rate.how`. DataError: `rate.alike`, the runs answer alike
            everywhere; `rate.task`, they say nothing that can be judged; `rate.which_questions`,
            `rate.questions_file`, `rate.column`; `data.no_split`. RunError, BookError: a run has not finished, or is
            not there.
    """
    wanted = wanted or Wanted()
    chosen = [run_named(book, name) for name in runs]
    kind = kind_of(chosen, wanted)
    drawn = Draw.of(book, chosen, wanted, progress)
    study = drawn.study(kind, wanted)
    folder = book.path / FOLDER / study.id
    if not (folder / FILE).is_file():
        with suppress(FileExistsError), folder_of(folder) as made:
            write_json(study, made / FILE)
    facts = {"event": "new", "study": study.id, "runs": [run.id for run in chosen], "content": study.content}
    if not any(item.evidence.get("study") == study.id for item in book.log.entries("rating")):
        book.log.append("rating", reason=localized("rate.log_new", runs=", ".join(facts["runs"])), evidence=facts)
    return Session(folder)


def open_rating(book: Book, study: str = "") -> Session:
    """A study of a book by its id or the start of it; the newest without one.

    Raises:
        BookError: `rate.no_study`, `rate.study_changed`.
    """
    session = Session(find_study(book.path, study))
    session.study  # noqa: B018 - it is read now, so that what is wrong is told now
    return session


def ratings_of(book: Book) -> list[StudyLine]:
    """All studies of a book, oldest first; one that cannot be read is told as such."""
    found = []
    for name in studies_in(book.path):
        try:
            session = open_rating(book, name)
            study, ratings = session.study, session.ratings()
            raters = study.raters or sorted({one.rater for one in ratings if one.role == "rater"})
            found.append(
                StudyLine(
                    study=name, runs=[run.run for run in study.runs], questions=study.keys, items=len(study.items),
                    created=study.created, ratings=len(ratings), raters=[session.done(rater) for rater in raters],
                )
            )  # fmt: skip
        except TunebookError as error:
            found.append(StudyLine(study=name, fault=str(error)))
    return found


def rating_result(book: Book, study: str = "") -> RatingResult:
    """What a study has found: written beside it as JSON and as a page, and logged where it is new.

    Raises:
        BookError: `rate.no_study`, `rate.study_changed`, `rate.damaged`. DataError: `rate.no_ratings`.
    """
    session = open_rating(book, study)
    found = result_of(session)
    if not found.judged:
        raise DataError("rate.no_ratings", key=session.study.id, book=book.path)
    found = found.model_copy(update={"notes": [*found.notes, *changes(book, session.study)]})
    write_json(found, session.folder / RESULT)
    write_rating_page(session, found, book)
    logged = {item.evidence.get("head") for item in book.log.entries("rating")}
    if found.head not in logged:
        book.log.append("rating", reason=_sentence(found), evidence={"event": "result", **rating_figures(found)})
    return found


def rating_figures(found: RatingResult) -> dict[str, Any]:
    """A result as the change log keeps it."""
    kept = {"study", "content", "runs", "ratings", "head", "intact"}
    told = {"kind", "question", "rows", "raters", "duels", "gaps"}
    judged = [{**one.model_dump(mode="json", include=told), "alpha": one.agreement.alpha.value} for one in found.judged]
    return {**found.model_dump(mode="json", include=kept), "judged": judged}


def changes(book: Book, study: Study) -> list[str]:
    """What is no longer as it was when a study began; its answers stay what they were."""
    told: list[str] = []
    if book.data.content != study.content:
        told.append(localized("rate.note.rows_changed"))
    for rated in study.runs:
        run = Run(book.path / "runs" / rated.run)
        try:
            same = run.has_model and model_key(run) == rated.model
        except TunebookError:
            same = False
        if run.finished and run.plan.data != study.content:
            told.append(localized("rate.note.other_rows", run=rated.run))
        if not same:
            told.append(localized("rate.note.run_changed", run=rated.run))
    return told


def _sentence(found: RatingResult) -> str:
    asked = ", ".join(dict.fromkeys(one.question for one in found.judged))
    return localized("rate.log_result", study=found.study, ratings=found.ratings, question=asked)


__all__ = [
    "RESULT", "StudyLine", "changes", "new_rating", "open_rating", "rating_figures", "rating_result", "ratings_of",
]  # fmt: skip
