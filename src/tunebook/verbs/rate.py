"""Rate: people judge the answers of runs, blind; what they say is kept, and what it proves is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from tunebook.core.errors import BookError, DataError, PlanError, TunebookError
from tunebook.core.files import content_id
from tunebook.core.folders import folder_of
from tunebook.core.localized import localized
from tunebook.core.nouns import Record, Split, write_json
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.writes import Writes
from tunebook.rating.records import Judged, RatingResult
from tunebook.rating.result import result_of
from tunebook.rating.session import Done, Session
from tunebook.rating.study import (
    FILE,
    FOLDER,
    PAIRS,
    SCORES,
    Differing,
    Item,
    RatedRun,
    Study,
    find_study,
    questions_of,
    studies_in,
)
from tunebook.report.rating import write_rating_page
from tunebook.verbs.steps.answers import answers, model_key, place_of
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.core.answers import Rows

RESULT = "result.json"
_VERSION = re.compile(r"v\d+")
_MOST_RUNS = 6
_OF_TEXTS = "accuracy,coherence,usefulness,safety"


@dataclass(frozen=True)
class Wanted:
    """What a study is to be.

    Attributes:
        questions: keys with commas, or a TOML file; empty for what suits.
        kind: `pairs`, `scores`, `both`; `auto`: pairs of two runs or more.
        rows: to be judged at most. raters: who may rate; empty for anybody. overlap: share of the rows that all see.
        split: that the rows are drawn from; by: columns by which results are told apart. seed: of all that is drawn.
    """

    questions: str = ""
    kind: Literal["auto", "pairs", "scores", "both"] = "auto"
    rows: int = 100
    raters: tuple[str, ...] = ()
    overlap: float = 0.3
    split: Split = "validation"
    by: tuple[str, ...] = ()
    seed: int = 0


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
    chosen = [_run(book, name) for name in runs]
    kind = _checked(chosen, wanted)
    drawn = _Draw.of(book, chosen, wanted, progress)
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
            study, ratings = session.study, session.store.current()
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
    write_rating_page(session, found)
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
        if not same:
            told.append(localized("rate.note.run_changed", run=rated.run))
    return told


def _sentence(found: RatingResult) -> str:
    one = found.judged[0]
    return localized("rate.log_result", study=found.study, ratings=found.ratings, question=one.question)


def _run(book: Book, name: str) -> Run:
    """A run by its name, or the newest finished one of a table."""
    if not _VERSION.fullmatch(name):
        return book.run(name)
    table = book.tables.get(name)
    found = [run for run in book.runs if run.finished and run.plan.table == table.values_id]
    if not found:
        raise BookError("book.champion_run", key="run", value=name, book=book.path)
    return found[-1]


def _checked(runs: Sequence[Run], wanted: Wanted) -> str:
    """The kind of a study that can be had.

    Raises:
        PlanError: `rate.which_runs`, `rate.kind`, `rate.how`.
    """
    names = [run.id for run in runs]
    if not names or len(set(names)) < len(names) or len(names) > _MOST_RUNS:
        raise PlanError("rate.which_runs", key="--runs", value=",".join(names), allowed=f"1 – {_MOST_RUNS}")
    kind = (PAIRS if len(names) > 1 else SCORES) if wanted.kind == "auto" else wanted.kind
    if kind not in (PAIRS, SCORES, "both"):
        raise PlanError("rate.how", key="--kind", value=kind, allowed="pairs | scores | both")
    if kind != SCORES and len(names) < 2:
        raise PlanError("rate.kind", key="--kind", value=kind, allowed=SCORES)
    if wanted.rows < 1:
        raise PlanError("rate.how", key="--rows", value=wanted.rows, allowed=">= 1")
    if not 0 <= wanted.overlap <= 1:
        raise PlanError("rate.how", key="--overlap", value=wanted.overlap, allowed="0 – 1")
    raters = [name.strip() for name in wanted.raters]
    if len(set(raters)) < len(raters) or not all(raters):
        raise PlanError("rate.how", key="--raters", value=",".join(raters), allowed="ann,bo")
    return kind


@dataclass(frozen=True)
class _Draw:
    """Rows of a split with what each run says of them, `said` of run and row, and what the rows are told apart by."""

    book: Book
    runs: Sequence[Run]
    rows: Rows
    said: list[list[str]]
    slices: list[dict[str, str]]

    @classmethod
    def of(cls, book: Book, runs: Sequence[Run], wanted: Wanted, progress: Progress | None) -> _Draw:
        """Ask all runs. Raises as `new_rating`."""
        from tunebook.data.load import load

        data, split = book.data, wanted.split
        if not data.rows.get(split):
            allowed = " | ".join(name for name, count in data.rows.items() if count)
            raise DataError("data.no_split", key=split, value=0, allowed=allowed)
        rows = load(data, split)
        said = []
        for run in runs:
            task = task_of(run.plan.task)()
            told = task.say(
                answers(run, rows, place_of(run.plan, data, split), progress=progress), rows, run.plan.labels
            )
            if not any(next(iter(answer.values())) not in (None, "") for answer in told):
                raise DataError("rate.task", key=run.id, value=run.plan.task)
            said.append([task.in_full(answer) for answer in told])
        return cls(book, runs, rows, said, _slices(rows, wanted))

    def study(self, kind: str, wanted: Wanted) -> Study:
        """The study of a kind."""
        writes = isinstance(task_of(self.book.file.task)(), Writes)
        asked = wanted.questions or ("overall" if kind != SCORES else _OF_TEXTS if writes else "accuracy")
        differing = [self._differing(a, b) for a, b in combinations(range(len(self.runs)), 2)]
        items = [*(self._pairs(wanted) if kind != SCORES else []), *(self._scores(wanted) if kind != PAIRS else [])]
        rated = [
            RatedRun(run=run.id, table=run.plan.table, plan=run.plan.id, model=model_key(run)) for run in self.runs
        ]
        return Study(
            task=self.book.file.task, split=wanted.split, content=self.book.data.content, runs=rated,
            questions=questions_of(asked, kind), raters=[name.strip() for name in wanted.raters],
            overlap=wanted.overlap if wanted.raters else 1.0, seed=wanted.seed, differing=differing, items=items,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )  # fmt: skip

    def _differing(self, a: int, b: int) -> Differing:
        count = sum(one != other for one, other in zip(self.said[a], self.said[b], strict=True))
        return Differing(a=a, b=b, differ=count, rows=len(self.rows))

    def _order(self, wanted: Wanted) -> list[int]:
        """Row numbers in the order in which they are drawn."""
        found: list[int] = np.random.default_rng([wanted.seed, 7]).permutation(len(self.rows)).tolist()
        return found

    def _pairs(self, wanted: Wanted) -> list[Item]:
        """Side by side what differs: the first rows drawn of those that any two runs answer differently."""
        differing = [row for row in self._order(wanted) if len({said[row] for said in self.said}) > 1]
        if not differing:
            raise DataError("rate.alike", key="--runs", value=len(self.rows), split=wanted.split)
        return [
            self._item(row, PAIRS, [self.said[a][row], self.said[b][row]], [[a], [b]])
            for row in differing[: wanted.rows]
            for a, b in combinations(range(len(self.runs)), 2)
            if self.said[a][row] != self.said[b][row]
        ]

    def _scores(self, wanted: Wanted) -> list[Item]:
        """Each answer by itself; what several runs say alike is judged once."""
        found = []
        for row in self._order(wanted)[: wanted.rows]:
            by: dict[str, list[int]] = {}
            for number, said in enumerate(self.said):
                by.setdefault(said[row], []).append(number)
            found += [self._item(row, SCORES, [text], [runs]) for text, runs in by.items()]
        return found

    def _item(self, row: int, kind: Any, told: list[str], runs: list[list[int]]) -> Item:
        rows, name = self.rows, self.rows.ids[row]
        seconds = rows.raw_pairs or rows.pairs
        shown: dict[str, Any] = {
            "text": (rows.raw or rows.texts)[row],
            "pair": None if seconds is None else seconds[row],
            "slices": self.slices[row],
        }
        key = content_id([kind, name, runs, [run.id for run in self.runs]], 8)
        return Item(key=key, row=name, kind=kind, answers=told, runs=runs, **shown)


def _slices(rows: Rows, wanted: Wanted) -> list[dict[str, str]]:
    """The language of each row, and what its columns say.

    Raises:
        DataError: `rate.column`.
    """
    from tunebook.data.describe import guess_language

    for name in wanted.by:
        if name not in rows.other:
            raise DataError("rate.column", key="--by", value=name, allowed=" | ".join(rows.other))
    return [
        {"language": guess_language([text])[0], **{name: str(rows.other[name][row]) for name in wanted.by}}
        for row, text in enumerate(rows.texts)
    ]


__all__ = [
    "RESULT", "Judged", "StudyLine", "Wanted", "changes", "new_rating", "open_rating", "rating_figures",
    "rating_result", "ratings_of",
]  # fmt: skip
