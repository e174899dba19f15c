"""Drift: whether what a run is asked, and what it answers, is still what it was proven on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from tunebook.core.errors import BookError, DataError
from tunebook.core.folders import held
from tunebook.core.nouns import Interval, Record
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.knowledge.log import user
from tunebook.report.drift import write_day
from tunebook.requests.log import RequestLog
from tunebook.rollout.state import state
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run
from tunebook.watch.course import Alarm, Course, acknowledged, read_course, write_course
from tunebook.watch.looks import Asked, Taken, take_looks, take_mistakes
from tunebook.watch.opened import opened
from tunebook.watch.posting import alarm_data, check_webhook, mail, post
from tunebook.watch.reference import folder_of, labelled, read_rows, reference, speaks
from tunebook.watch.rows import COLUMNS, LABELLED, Watched, of_feedback, of_log
from tunebook.watch.short import word
from tunebook.watch.signals import Signal

if TYPE_CHECKING:
    from tunebook.watch.reference import Reference


_MOST = 100_000  # rows of one call: of more, so many are drawn


class Window(Record):
    """The rows of the last look.

    Attributes:
        rows: of the window, 0 where no look was taken; since, until: seconds since 1970; number: of the look in its
            year.
        waiting: rows that came since, too few for a look; size: of a window.
    """

    rows: int = 0
    since: float = 0.0
    until: float = 0.0
    number: int = 0
    waiting: int = 0
    size: int = 0


class Drift(Record):
    """What was found.

    Attributes:
        run: whose answers were looked at; source: `log`, or the name of the file.
        window: of the last look; signals: of it, and of the stream of mistakes where labels came.
        alarm: there is an alarm that nobody has acknowledged; alarms: these; fresh: numbers of those raised just now.
        looks: how many were taken just now.
        estimated, measured, expected, proven: share of right answers, as `Look` has them.
        page: the day's page; None where no look was taken. undelivered: why alarms did not reach the webhook.
    """

    run: str
    source: str
    window: Window
    signals: list[Signal]
    alarm: bool
    alarms: list[Alarm]
    fresh: list[int] = Field(default_factory=list)
    looks: int = 0
    estimated: Interval | None = None
    measured: Interval | None = None
    expected: Interval | None = None
    proven: float | None = None
    labelled: int = 0
    page: Path | None = None
    undelivered: str = ""


def drift(
    book: Book,
    *,
    log: RequestLog | None = None,
    rows: Path | None = None,
    run: str | None = None,
    window: int | None = None,
    progress: Progress | None = None,
) -> Drift:
    """Look at the requests that came since the last look, or at the rows of a file; write the day's page and JSON; tell
    new alarms. Nothing is rolled back or trained. What is seen in a file is told of the file alone: its labels, alarms
    and page are none of the requests', and each look at it begins anew.

    Args:
        log: of requests; None takes that of the book.
        rows: file of new rows in their order, with texts and perhaps labels in the book's columns; no log is read then.
        run: whose answers they are; None takes the one in service, or of a file the champion's.
        window: rows of a look; None takes that of `[watch]`.

    Raises:
        BookError: `watch.no_requests`, nothing was ever asked; `watch.busy`, another process looks just now. DataError:
            `watch.window`; the file cannot be read, or has labels that the book has not. And as `Book.run`.
    """
    rules = book.file.watch
    size = rules.window if window is None else window
    if size < 50:
        raise DataError("watch.window", key="--window", value=size, allowed="50 – …")
    check_webhook(rules.webhook)
    with _alone(book) as folder, opened(book, log) as requests:
        known = read_course(folder)
        course = known if rows is None else known.apart()
        source = _Source.of(book, course, requests, rows, run)
        old = reference(source.run, progress)
        new = source.rows(old, progress)
        labels = source.labels() if source.log else None
        asked = Asked(source.run.id, size, rules.false_alarms, kept=source.log is not None)
        taken = take_looks(course, old, new, labels, asked)
        told = (_told_in(new) if labels is None else labels) if taken.looks else new.take(slice(0, 0))
        course, late, mistakes = take_mistakes(taken.course, old, told, asked)
        page = write_day(book, course, old, taken.looks, rows) if taken.looks else None
        course, why = _told(book, course)
        write_course(course if rows is None else known.spent(course), folder)
    fresh = [alarm.number for alarm in (*taken.alarms, *late)]
    report = _report(source, course, taken, size)
    signals = [*report.signals, *([mistakes] if mistakes else [])]
    return report.model_copy(update={"signals": signals, "fresh": fresh, "page": page, "undelivered": why})


@contextmanager
def _alone(book: Book) -> Iterator[Path]:
    """The folder of the watch, while no other process looks."""
    folder = folder_of(book.path)
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder / ".lock", BookError("watch.busy", key=str(book.path))):
        yield folder


@dataclass(frozen=True)
class _Source:
    """Where new rows come from, and whose answers they are.

    Attributes:
        log: None where they come from a file, `file`.
    """

    run: Run
    course: Course
    log: RequestLog | None
    file: Path | None

    @classmethod
    def of(cls, book: Book, course: Course, log: RequestLog, file: Path | None, name: str | None) -> _Source:
        """Raises as `drift`."""
        if file is not None:
            return cls(_run_of_file(book, name), course, None, file)
        return cls(book.run(name) if name else _last_run(book, log), course, log, None)

    @property
    def name(self) -> str:
        """`log`, or that of the file."""
        return "log" if self.file is None else self.file.name

    def rows(self, old: Reference, progress: Progress | None) -> Watched:
        """What came since the last look, in the order of its time; or all rows of the file."""
        if self.log is None:
            return self._of_file(progress)
        since = float(np.nextafter(self.course.read, np.inf)) if self.course.read else 0.0
        found = self.log.answered(since, columns=COLUMNS, version=self.run.id, path="predict")
        if found.num_rows > _MOST:
            found = found.take(np.sort(np.random.default_rng(found.num_rows).permutation(found.num_rows)[:_MOST]))
        return of_log(found)

    def _of_file(self, progress: Progress | None) -> Watched:
        from tunebook.data.external import external_rows
        from tunebook.data.frozen import prepared_data
        from tunebook.engine.calibrated import said_by
        from tunebook.engine.load import load_to_answer
        from tunebook.verbs.steps.calibration import calibration_of

        assert self.file is not None
        run, plan = self.run, self.run.plan
        data, task = prepared_data(plan), task_of(plan.task)()
        try:
            rows = external_rows(data, self.file)
        except DataError as error:
            if error.code == "outside.label":
                raise
            rows = external_rows(data, self.file, labelled=False)
        found = replace(read_rows(run, rows), at=np.full(len(rows), time.time()))
        if not speaks(task, run):
            return found
        logits = load_to_answer(run.model, plan).logits(rows, progress)
        label, score = labelled(said_by(task, logits, rows, plan.labels, calibration_of(run)))
        true = task.true(rows.targets, rows, plan.labels) if rows.targets is not None else [None] * len(rows)
        truth = np.array([word(item) for item in true], dtype=np.dtypes.StringDType())
        return replace(found, label=label, score=score, truth=truth)

    def labels(self) -> Watched:
        """Rows of the log whose true labels came since they were last counted, in the order in which they came, which
        is the time that they have here."""
        assert self.log is not None
        since = float(np.nextafter(self.course.labels, np.inf)) if self.course.labels else 0.0
        told = self.log.feedback("label", since)
        rows = self.log.answered(0.0, columns=LABELLED, version=self.run.id) if told.num_rows else None
        return of_feedback(rows, told)


def _told_in(rows: Watched) -> Watched:
    return rows.take(rows.truth != "")


def _run_of_file(book: Book, name: str | None) -> Run:
    """The run that was named, else the newest of the champion, else the newest of all."""
    if name:
        return book.run(name)
    try:
        return book.run("champion")
    except BookError:
        return book.run("latest")


def _last_run(book: Book, log: RequestLog) -> Run:
    """The run that answers users; where it was not asked yet, or the log does not say, the last one that did.

    Raises:
        BookError: `watch.no_requests`.
    """
    live = state(book).live
    if live is not None and log.answered(0.0, columns=("at",), version=live, path="predict").num_rows:
        return book.run(live)
    asked = log.answered(0.0, columns=("at", "version"), role="champion")
    if not asked.num_rows:
        raise BookError("watch.no_requests", key=str(book.path), value=0)
    return book.run(str(asked["version"][asked.num_rows - 1]))


def _told(book: Book, course: Course) -> tuple[Course, str]:
    """Send alarms that were not sent yet; what does not arrive is sent again at the next look."""
    rules = book.file.watch
    waiting = [alarm for alarm in course.alarms if not alarm.sent]
    if not waiting:
        return course, ""
    if rules.mail_file:
        mail(book.path / rules.mail_file, rules.mail_to, str(book.path), waiting)
    why = post(rules.webhook, alarm_data(str(book.path), waiting)) if rules.webhook else ""
    if why:
        return course, why
    alarms = [alarm.model_copy(update={"sent": True}) for alarm in course.alarms]
    return course.model_copy(update={"alarms": alarms}), ""


def _report(source: _Source, course: Course, taken: Taken, size: int) -> Drift:
    looks = [look for look in course.short if look.run == source.run.id]
    last = taken.looks[-1][0] if taken.looks else looks[-1] if looks else None
    window = Window(waiting=taken.waiting, size=size)
    known: dict[str, Any] = {}
    if last is not None:
        times = {"rows": last.rows, "since": last.since, "until": last.until, "number": last.number}
        window = window.model_copy(update=times)
        known = {name: getattr(last, name) for name in ("estimated", "measured", "expected", "proven", "labelled")}
    return Drift(
        run=source.run.id,
        source=source.name,
        window=window,
        signals=last.signals if last else [],
        alarm=bool(course.open(source.run.id)),
        alarms=course.open(source.run.id),
        looks=len(taken.looks),
        **known,
    )


def acknowledge(book: Book, owner: str = "") -> int:
    """Say that all open alarms are known; gives how many there were. A signal is raised again once it has been quiet.

    Args:
        owner: who says so; else the user of this process.

    Raises:
        BookError: `watch.busy`.
    """
    with _alone(book) as folder:
        course, count = acknowledged(read_course(folder), time.time(), owner or user())
        if count:
            write_course(course, folder)
    return count


__all__ = ["Drift", "Window", "acknowledge", "drift"]
