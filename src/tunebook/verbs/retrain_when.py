"""When a book is retrained: by the calendar, on drift, on new labels; in the foreground, by cron, or by systemd."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tunebook.core.cron import Recurs, recurs
from tunebook.core.errors import BookError, MachineError, PlanError
from tunebook.verbs.drift import drift
from tunebook.verbs.retrain_rows import new_labels
from tunebook.verbs.steps.book import Book


@dataclass(frozen=True)
class Due:
    """Whether there is a reason to retrain now.

    Attributes:
        labels: labelled texts in the request log that are new, `wanted` how many are a reason (0: never); drift: an
            alarm was raised since the last retraining; None where it was not asked.
    """

    labels: int
    wanted: int
    drift: bool | None

    @property
    def reasons(self) -> list[str]:
        """`labels`, `drift`, both or none."""
        found = ["labels"] if 0 < self.wanted <= self.labels else []
        return [*found, "drift"] if self.drift else found


def due(book: Book) -> Due:
    """Look for reasons, as `[retrain]` of book.toml names them.

    Raises:
        BookError, MachineError: the request log cannot be read. And as `drift` says, where that is asked.
    """
    rules = book.file.retrain
    return Due(new_labels(book), rules.new_labels, _drifts(book) if rules.on_drift else None)


def _drifts(book: Book) -> bool:
    """Whether an alarm was raised that nobody has acknowledged and no retraining has followed yet: else one alarm would
    be a reason day after day."""
    try:
        found = drift(book)
    except BookError as error:
        if error.code != "watch.no_requests":
            raise
        return False
    tried = [entry for entry in book.log.entries("retrain") if entry.evidence.get("event") == "verdict"]
    last = datetime.fromisoformat(tried[-1].time).timestamp() if tried else 0.0
    return any(alarm.at > last for alarm in found.alarms)


def calendar(book: Book, said: str | None) -> Recurs:
    """What was asked for, else what book.toml says.

    Raises:
        PlanError: `retrain.when`, nothing says when. TableError: as `recurs`.
    """
    text = said or book.file.retrain.when
    if not text:
        raise PlanError("retrain.when", key="--when")
    return recurs(text)


def words(book: Book, options: Sequence[str]) -> list[str]:
    """The command that a schedule runs, with whole paths: neither cron nor systemd knows where one stood."""
    return [sys.executable, "-m", "tunebook", "retrain", str(book.path.resolve()), *options]


def crontab(book: Book, when: Recurs, options: Sequence[str]) -> str:
    """A line for `crontab -e`; a percent sign would end the command there."""
    log = shlex.quote(str(book.path.resolve() / "retrain" / "cron.log"))
    command = f"{shlex.join(words(book, options))} >> {log} 2>&1"
    return f"{when.cron} {command.replace('%', chr(92) + '%')}"


def units(book: Book, when: Recurs, options: Sequence[str]) -> dict[str, str]:
    """File name -> text of a service and of its timer, which makes up for what was missed while the machine was off
    (systemd.service(5), systemd.timer(5))."""
    name = "tunebook-retrain-" + "".join(c if c.isalnum() and c.isascii() else "-" for c in book.path.resolve().name)
    command = " ".join(_quoted(word) for word in words(book, options))
    about = book.path.resolve().name.replace("%", "%%")
    service = f"[Unit]\nDescription=Retrain the book {about}\n\n[Service]\nType=oneshot\nExecStart={command}\n"
    timer = (
        f"[Unit]\nDescription=When the book {about} is retrained\n\n[Timer]\nOnCalendar={when.systemd}\n"
        "Persistent=true\n\n[Install]\nWantedBy=timers.target\n"
    )
    return {f"{name}.service": service, f"{name}.timer": timer}


def _quoted(word: str) -> str:
    """A word of ExecStart, in which % and $ have a meaning of their own."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    plain = all(c.isalnum() or c in "-_./=:,@" for c in word)
    return word if plain and word else f'"{escaped}"'


def run_scheduled(when: Recurs, work: Callable[[], Any]) -> None:
    """Do the work whenever it is time, in this process, until it is interrupted. Two never overlap, and what was missed
    while the machine slept is done once.

    Raises:
        MachineError: `machine.extra`, APScheduler is not installed.
    """
    try:
        from apscheduler.schedulers.blocking import BlockingScheduler
        from apscheduler.triggers.cron import CronTrigger
    except ImportError as error:
        raise MachineError("machine.extra", key="apscheduler", extra="schedule") from error
    scheduler = BlockingScheduler()
    trigger = CronTrigger(**when.apscheduler)
    scheduler.add_job(work, trigger, coalesce=True, max_instances=1, misfire_grace_time=None)
    try:
        scheduler.start()
    except (KeyboardInterrupt, SystemExit):
        if scheduler.running:
            scheduler.shutdown(wait=False)


def next_time(when: Recurs) -> str:
    """The next time, with its distance from UTC.

    Raises:
        MachineError: `machine.extra`.
    """
    try:
        from apscheduler.triggers.cron import CronTrigger
    except ImportError as error:
        raise MachineError("machine.extra", key="apscheduler", extra="schedule") from error
    found = CronTrigger(**when.apscheduler).get_next_fire_time(None, datetime.now().astimezone())
    return "" if found is None else str(found.isoformat(timespec="minutes"))


__all__ = [
    "Due", "calendar", "crontab", "due", "next_time", "run_scheduled", "units", "words",
]  # fmt: skip
