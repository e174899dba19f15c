"""What is known of a book in production: its looks, the alarms that were raised, and how far its requests were read."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from tunebook.core.nouns import Interval, Record, read_json, write_json
from tunebook.stats.change import Stream
from tunebook.stats.looks_of_a_year import holm, share_of_look
from tunebook.watch.signals import Shown, Signal

FILE = "course.json"
YEAR = 365.25 * 86400.0
LOOKS, MISTAKES = 0.8, 0.2  # shares of the error of a year: for looks at windows, and for the stream of mistakes
_KEPT = 400  # looks that are remembered in short
STREAM, ANSWERS = "answer.mistakes", "answer.label"  # signals


class Alarm(Record):
    """A signal that was raised.

    Attributes:
        number: 1, 2, ... in the book; at: when, seconds since 1970; run: that answered.
        signal: as the look found it.
        acknowledged: when a person said that it is known, 0 before; by: who. over: a look after that found nothing any
            more, so that the signal may be raised again. sent: to webhook and mail.
    """

    number: int
    at: float
    run: str
    signal: Signal
    acknowledged: float = 0.0
    by: str = ""
    over: bool = False
    sent: bool = False


class Look(Record):
    """A window of rows that was held against the reference.

    Attributes:
        number: of the look in its year; since, until: times of its first and last row; rows: of the window.
        alpha: error that it could spend over its signals; latency: P50, P95, P99 in milliseconds, empty for not known.
        estimated: share of right answers as their probabilities say; measured: as labels say, of the `labelled` rows
            whose labels came since the look before; expected: what the probabilities say of these.
        proven: the same share on the validation rows.
    """

    number: int
    run: str
    since: float
    until: float
    rows: int
    alpha: float
    signals: list[Signal]
    latency: list[float] = Field(default_factory=list)
    estimated: Interval | None = None
    measured: Interval | None = None
    expected: Interval | None = None
    labelled: int = 0
    proven: float | None = None


class Mistakes(Record):
    """The stream of mistakes of a run, so far.

    Attributes:
        most: share of mistakes that is allowed.
    """

    run: str
    most: float
    rows: int = 0
    wrong: int = 0
    logs: list[float] = Field(default_factory=list)
    best: float = -1e300

    def stream(self) -> Stream:
        """As it goes on."""
        fresh = Stream(self.most)
        return fresh if not self.rows else Stream(self.most, self.rows, tuple(self.logs), self.best)


class Course(Record):
    """All of it.

    Attributes:
        began: of the year whose error is being spent, 0 before the first look; looks: in this year; last: when the last
            was taken.
        read: time of the last row of the log that was looked at; labels: of the last label that was counted.
        short: looks without what they show, the newest last.
    """

    began: float = 0.0
    looks: int = 0
    last: float = 0.0
    read: float = 0.0
    labels: float = 0.0
    alarms: list[Alarm] = Field(default_factory=list)
    short: list[Look] = Field(default_factory=list)
    mistakes: Mistakes | None = None

    def apart(self) -> Course:
        """For rows of a file: of the same year's error, and of nothing else that is known of the requests."""
        return Course(began=self.began, looks=self.looks, last=self.last)

    def spent(self, other: Course) -> Course:
        """As it is, with the looks of another counted."""
        return self.model_copy(update={"began": other.began, "looks": other.looks, "last": other.last})

    def open(self, run: str = "") -> list[Alarm]:
        """Alarms that nobody has acknowledged; of one run, for with another model and other rows they have had their
        answer."""
        return [alarm for alarm in self.alarms if not alarm.acknowledged and run in ("", alarm.run)]


def read_course(folder: Path) -> Course:
    """What is known; nothing before the first look.

    Raises:
        BookError: `file.damaged`.
    """
    found: Course = read_json(Course, folder / FILE) if (folder / FILE).is_file() else Course()
    return found


def write_course(course: Course, folder: Path) -> None:
    """Keep it, whole or not at all."""
    write_json(course, folder / FILE)


def alpha_of(course: Course, now: float, false_alarms: float) -> tuple[Course, float]:
    """The error that a look at this time may spend, and the course with one look more. A year after the first look the
    next year's error begins to be spent."""
    if not course.looks or now - course.began >= YEAR:
        course = course.model_copy(update={"began": now, "looks": 0, "last": now})
    number = course.looks + 1
    share = share_of_look(number, (now - course.last) / YEAR)
    later = max(course.last, now)  # a clock that went back spends nothing twice
    return course.model_copy(update={"looks": number, "last": later}), LOOKS * false_alarms * share


def raised(found: list[Signal], alpha: float) -> list[Signal]:
    """The signals of a look with those marked that raise an alarm, by Holm's rule over all of them."""
    marks = holm([signal.p_value for signal in found], alpha)
    return [signal.model_copy(update={"alarm": mark}) for signal, mark in zip(found, marks, strict=True)]


def with_alarms(course: Course, found: list[Signal], run: str, at: float) -> tuple[Course, list[Alarm]]:
    """The course after a look, and the alarms that are new: a signal that is raised already, or known, is not raised
    again until a look after its acknowledgement was quiet."""
    alarms = list(course.alarms)
    fresh = []
    for signal in found:
        same = [
            place
            for place, alarm in enumerate(alarms)
            if alarm.signal.name == signal.name and alarm.run == run and not alarm.over
        ]
        if not signal.alarm:
            for place in same:
                if alarms[place].acknowledged:
                    alarms[place] = alarms[place].model_copy(update={"over": True})
        elif not same:
            fresh.append(Alarm(number=len(alarms) + 1, at=at, run=run, signal=signal))
            alarms.append(fresh[-1])
    return course.model_copy(update={"alarms": alarms}), fresh


def with_look(course: Course, look: Look, *, kept: bool) -> Course:
    """The course with a look in short, of which only the shares of answers are drawn later.

    Args:
        kept: its rows are those of the log, which are not looked at again.
    """
    bare = [
        signal if signal.name == ANSWERS else signal.model_copy(update={"shown": Shown()}) for signal in look.signals
    ]
    short = [*course.short, look.model_copy(update={"signals": bare})][-_KEPT:]
    read = max(course.read, look.until) if kept else course.read
    return course.model_copy(update={"short": short, "read": read})


def acknowledged(course: Course, now: float, by: str = "") -> tuple[Course, int]:
    """The course with all open alarms known, by whom, and how many there were."""
    seen = {"acknowledged": now, "by": by}
    known = [alarm if alarm.acknowledged else alarm.model_copy(update=seen) for alarm in course.alarms]
    return course.model_copy(update={"alarms": known}), len(course.open())


__all__ = [
    "ANSWERS",
    "FILE",
    "LOOKS",
    "MISTAKES",
    "STREAM",
    "YEAR",
    "Alarm",
    "Course",
    "Look",
    "Mistakes",
    "acknowledged",
    "alpha_of",
    "raised",
    "read_course",
    "with_alarms",
    "with_look",
    "write_course",
]
