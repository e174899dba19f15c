"""Where the versions of a server come from: a book with its rollout and its request log, or models that are given."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from filelock import FileLock, Timeout

from tunebook.bundle.answering import Answering
from tunebook.core.calibrates import bundle_name
from tunebook.core.errors import BookError, ModelError, RunError
from tunebook.core.messages import say
from tunebook.requests.log import RequestLog, open_log
from tunebook.requests.writer import Writer
from tunebook.rollout.choice import Choice, Router
from tunebook.rollout.router import HashRouter, unit_of
from tunebook.rollout.state import deployed, state
from tunebook.serve.desk import Journal
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.request_log import request_log, spool_folder

_BUNDLES = "bundles"  # in the folder of a run
_LOCK = ".rollout.lock"


class OneRouter:
    """Always the same version, and another one in shadow where one is named."""

    def __init__(self, live: str, shadow: str | None = None) -> None:
        self._live, self._shadow = live, shadow

    @property
    def versions(self) -> tuple[str, ...]:
        """The version that answers first."""
        return (self._live,) if self._shadow is None else (self._live, self._shadow)

    def choose(self, key: str) -> Choice:
        """The one that answers."""
        return Choice(self._live, "champion", self._shadow, 0, unit_of(key, ""))


class Given:
    """Models that are in memory already; the first one answers.

    Args:
        shadow: the second one answers too, without being heard.
    """

    def __init__(self, models: Sequence[Answering], journal: Journal | None = None, *, shadow: bool = False) -> None:
        self._models = {model.id: model for model in models}
        first, *others = self._models
        self._router = OneRouter(first, others[0] if shadow and others else None)
        self._journal = journal

    def mark(self) -> Hashable:
        """Never changes."""
        return None

    def router(self) -> Router:
        """The one of these models."""
        return self._router

    def open_model(self, version: str) -> Answering:
        """The model that was given."""
        return self._models[version]

    def journal(self) -> Journal | None:
        """What was given."""
        return self._journal

    def step(self) -> None:
        """There is no rollout."""

    def close(self) -> None:
        """Write what waits."""
        _close(self._journal)


class OfBook:
    """The runs of a book that its rollout names, as bundles; the first server of a book puts its champion live.

    Args:
        threads: of one pass of a model.
        progress: a run without a bundle is exported first, which is told on the screen.
    """

    def __init__(self, book: Book, threads: int = 1, *, progress: bool = True) -> None:
        self.book, self._threads, self._progress = book, threads, progress
        self._lock = FileLock(book.path / _LOCK)
        self._log: RequestLog | None = None
        self._journal: Journal | None = None

    def mark(self) -> Hashable:
        """Times and sizes of the files of the change log."""
        path = self.book.log.path
        found: list[tuple[int, int]] = []
        for file in (path, self.book.log.head_path, path.with_name(path.name + "-wal")):
            with suppress(OSError):
                said = file.stat()
                found.append((said.st_mtime_ns, said.st_size))
        return tuple(found)

    def router(self) -> Router:
        """As the change log has it now."""
        found = state(self.book)
        return HashRouter(found if found.live is not None else deployed(self.book))

    def open_model(self, version: str) -> Answering:
        """The bundle of a run, which is made where it is not there.

        Raises:
            ModelError: `serve.no_bundle`, it could not be made; what opening a damaged one raises.
        """
        run = self.book.run(version)
        return open_bundle(bundled(run.path, progress=self._progress), self._threads)

    def journal(self) -> Journal | None:
        """The writer of the book's request log."""
        self._log = request_log(self.book)
        self._journal = Writer(self._log, spool_folder(self.book))
        return self._journal

    def step(self) -> None:
        """The rollout's next step, where no other process of the book sees to it."""
        if not self._lock.is_locked:
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                return
        if state(self.book).candidate is not None:
            _step(self.book, self._log)

    def close(self) -> None:
        """Write what waits, and leave the rollout to others."""
        _close(self._journal)
        _close(self._log)
        self._lock.release()


def bundled(run: Path, *, progress: bool = True) -> Path:
    """The bundle of a run, which is made where it is not there.

    Args:
        run: its folder; progress: that it is made is told on the screen.

    Raises:
        ModelError: `serve.no_bundle`, it could not be made.
    """
    folder = bundle_of(run)
    if not folder.is_dir():
        with FileLock(run / ".bundle.lock"):  # another process may be making it
            if not folder.is_dir():
                _export(run, progress)
    return folder


def bundle_of(run: Path) -> Path:
    """Where the bundle of a run is, or would be made. Raises a BookError, `file.damaged`, for its calibration."""
    return run / _BUNDLES / bundle_name("onnx", run / "model")


def _export(run: Path, progress: bool) -> None:
    """In a process of its own, so that this one holds no torch."""
    words = [sys.executable, "-m", "tunebook", "export", str(run), "--to", "onnx"]
    out = sys.stderr if progress else subprocess.DEVNULL
    if progress:
        sys.stderr.write(say("serve.exporting", run=run.name) + "\n")
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=out, check=False)  # its next commands are others
    if done.returncode:
        raise ModelError("serve.no_bundle", key=run.name, value=str(bundle_of(run)), run=str(run))


def open_bundle(folder: Path, threads: int) -> Answering:
    """The model of a bundle."""
    from tunebook.bundle.runtime import Bundle

    return Bundle(folder, threads)


def open_journal(where: Path | str, spool: Path) -> tuple[RequestLog, Journal]:
    """A request log and who writes it."""
    log = open_log(where)
    return log, Writer(log, spool)


def _step(book: Book, log: RequestLog | None) -> None:
    import_module("tunebook.rollout.step").step(book, log, time.time())


def _close(thing: object) -> None:
    close: Callable[[], object] | None = getattr(thing, "close", None)
    if close is not None:
        close()


def check_finished(book: Book) -> None:
    """Whether there is anything to serve, before anything is started.

    Raises:
        BookError: `serve.untrained`. RunError: `serve.run_gone`, what is live is no longer there.
    """
    live = state(book).live
    if live is None:
        try:
            book.run("champion")
        except BookError as error:
            if error.code != "book.champion_run":
                raise
            version = f"v{book.champion.version}"
            raise BookError("serve.untrained", key="run", value=version, book=book.path) from None
    elif not (book.path / "runs" / live).is_dir():
        raise RunError("serve.run_gone", key="run", value=live)


__all__ = ["Given", "OfBook", "OneRouter", "bundle_of", "bundled", "check_finished", "open_bundle", "open_journal"]
