"""Long commands that a page begins: processes of their own, which go on when the server ends and are found again.

A job is a folder `jobs/ID` of its book: what was typed, by whom, what it said, and how it ended. It is at work as long
as its process holds the lock of that folder.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from tunebook.core.commands import command
from tunebook.core.errors import BookError, RefusedError
from tunebook.core.files import write_whole
from tunebook.core.folders import is_held
from tunebook.core.messages import language
from tunebook.core.nouns import Record

FOLDER, JOB, END, OUT, ERR, LOCK = "jobs", "job.json", "end.json", "out.txt", "err.txt", "lock"
STOP, PID = "stop", "pid"
_TAIL = 8_000  # characters of what a command said that a page shows
_STARTING = 20.0  # seconds in which a process has to have taken its lock

State = Literal["running", "done", "no", "wrong", "failed", "stopped", "lost"]
_STATES: dict[int, State] = {0: "done", 1: "no", 2: "wrong", 130: "stopped", 143: "stopped"}


class Job(Record):
    """A command that was begun.

    Attributes:
        words: what was typed after `tunebook`; owner: who began it; begun: seconds since 1970; lang: it speaks.
        about: what it works on, such as the id of the plan that it trains; empty where nobody asks.
    """

    number: str
    words: list[str]
    owner: str
    begun: float
    lang: str = "en"
    about: str = ""

    @property
    def typed(self) -> str:
        """The command line."""
        return command(*self.words)


class Jobs:
    """The jobs of a book.

    Args:
        book: its folder.
    """

    def __init__(self, book: Path) -> None:
        self.folder = book / FOLDER

    def start(self, words: Sequence[object], owner: str, about: str = "") -> Job:
        """Begin a command in the background."""
        number = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        typed = [str(word) for word in words]
        job = Job(number=number, words=typed, owner=owner, begun=time.time(), lang=language(), about=about)
        place = self.folder / number
        place.mkdir(parents=True)
        write_whole(place / JOB, job.model_dump_json(indent=1))
        process = subprocess.Popen(
            [sys.executable, "-m", "tunebook.web.runner", str(place)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=process.wait, daemon=True).start()  # its end is noticed, so that nothing is left of it
        return job

    def once(self, words: Sequence[object], owner: str, about: str) -> Job:
        """The same, if nothing about this is at work; else the one that is: a form that is sent twice begins one.

        Raises:
            RefusedError: `ui.busy`, what is at work about this is another command.
        """
        self.folder.mkdir(exist_ok=True)
        with FileLock(self.folder / LOCK):
            before = self.about(about)
            if before is None or self.state(before) != "running":
                return self.start(words, owner, about)
            if _asked(before.words) != _asked(words):
                raise RefusedError("ui.busy", key=before.number, value=before.typed)
            return before

    def about(self, what: str) -> Job | None:
        """The newest that works, or worked, on something; None where there is none."""
        return next((job for job in self.all() if job.about == what), None)

    def all(self) -> list[Job]:
        """Newest first; a folder that is no job is left out."""
        found = []
        for path in self.folder.glob(f"*/{JOB}"):
            with suppress(OSError, ValueError):
                found.append(Job.model_validate_json(path.read_text(encoding="utf-8")))
        return sorted(found, key=lambda job: (job.begun, job.number), reverse=True)  # a number tells seconds only

    def job(self, number: str) -> Job:
        """One of them. Raises a BookError, `ui.job`, where there is none."""
        found = [job for job in self.all() if job.number == number]
        if not found:
            raise BookError("ui.job", key=number)
        return found[0]

    def state(self, job: Job) -> State:
        """Whether it is at work, and how it ended; `lost` where its process vanished without a word."""
        with suppress(OSError, ValueError):
            code = int(json.loads((self.folder / job.number / END).read_text(encoding="utf-8"))["code"])
            state = _STATES.get(code, "failed")
            asked = state == "failed" and (self.folder / job.number / STOP).is_file()
            return "stopped" if asked else state
        if is_held(self.folder / job.number / LOCK) or time.time() - job.begun < _STARTING:
            return "running"
        return "lost"

    def running(self) -> list[Job]:
        """Those at work."""
        return [job for job in self.all() if self.state(job) == "running"]

    def said(self, job: Job) -> str:
        """The end of what it told people: progress, notes, errors."""
        return _end(self.folder / job.number / ERR)

    def answer(self, job: Job) -> Any:
        """Its `--json`, once it is over; None before, and where it gave none."""
        with suppress(OSError, ValueError):
            return json.loads((self.folder / job.number / OUT).read_text(encoding="utf-8"))
        return None

    def stop(self, job: Job) -> bool:
        """Ask it to stop as Ctrl-C does: it keeps what it has done. False where it is not at work.

        The wish is written down first: a command that has no process yet finds it before and after it begins one.
        """
        if self.state(job) != "running":
            return False
        write_whole(self.folder / job.number / STOP, "")
        with suppress(OSError, ValueError):
            pid = int((self.folder / job.number / PID).read_text(encoding="utf-8"))
            os.kill(pid, signal.SIGTERM)
        return True


def _asked(words: Sequence[object]) -> list[str]:
    """What a command line asks for, whoever asks."""
    return [str(word) for word in words if not str(word).startswith("--owner=")]


def _end(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(stream.tell() - _TAIL, 0))
            return stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


__all__ = ["END", "ERR", "FOLDER", "JOB", "LOCK", "OUT", "PID", "STOP", "Job", "Jobs", "State"]
