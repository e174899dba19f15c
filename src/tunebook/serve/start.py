"""An application for a book, a bundle, or models in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.bundle.manifest import FILE
from tunebook.core.errors import BookError, MachineError
from tunebook.core.locations import BOOK_FILE
from tunebook.core.operation import Serving

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tunebook.bundle.answering import Answering
    from tunebook.serve.traffic import Traffic

_NEEDED = {"fastapi": "fastapi", "uvicorn": "uvicorn", "prometheus_client": "prometheus-client"}


@dataclass(frozen=True)
class How:
    """How a server is set up.

    Attributes:
        prefix: path in front of all others; key_file: of API keys, one a line.
        log: where the requests to a bundle are kept, empty for nowhere; a book says so itself.
        threads: of one pass; lanes: passes side by side, 0 for as many as keep the cores busy. On CPUs several
            passes of one thread each answer more than one pass of several threads (docs/LOG.md).
        serving: limits; None for those of the book, or the usual ones.
        progress: whether an export that is needed first is shown.
    """

    prefix: str = ""
    key_file: Path | None = None
    log: str = ""
    threads: int = 1
    lanes: int = 0
    serving: Serving | None = field(default=None)
    progress: bool = False


def make_app(what: Path | str | Answering, how: How | None = None, **more: Any) -> FastAPI:
    """The application (ASGI) that `tunebook serve` runs, for any server or to be mounted in another application.

    Args:
        what: a book's folder, a bundle's folder, or a model in memory.
        more: fields of `How`.

    Raises:
        MachineError: `machine.extra`. BookError: `serve.what`, it is neither; `serve.key_file`, `serve.prefix`.
    """
    check_extra()
    from tunebook.serve.app import Front, application
    from tunebook.serve.intake import Keys

    how = how or How(**more)
    keys = None if how.key_file is None else Keys.of(how.key_file)
    return application(make_traffic(what, how), Front(checked_prefix(how.prefix), keys))


def make_traffic(what: Path | str | Answering, how: How) -> Traffic:
    """What looks after the versions of a book, a bundle, or a model."""
    from tunebook.serve.batcher import Batching
    from tunebook.serve.sources import Given, OfBook, check_finished, open_bundle
    from tunebook.serve.traffic import Traffic

    serving = how.serving or Serving()
    if not isinstance(what, Path | str):
        source: Any = Given([what], _journal(how, Path.cwd()))
    elif (Path(what) / BOOK_FILE).is_file():
        from tunebook.verbs.steps.book import open_book

        book = open_book(what)
        check_finished(book)
        serving = how.serving or book.file.serve
        source = OfBook(book, how.threads, progress=how.progress)
    elif (Path(what) / FILE).is_file():
        source = Given([open_bundle(Path(what), how.threads)], _journal(how, Path(what)))
    else:
        raise BookError("serve.what", key="what", value=str(what))
    batching = Batching(
        wait_ms=serving.wait_ms, most_waiting=serving.most_waiting, lanes=how.lanes or max(1, cores() // how.threads)
    )
    return Traffic(source, serving, batching)


def _journal(how: How, near: Path) -> Any:
    """The writer of a request log that was named; None where none was."""
    if not how.log:
        return None
    from tunebook.serve.sources import open_journal

    spool = Path(how.log).parent if "://" not in how.log else near
    return open_journal(how.log, spool / "spool")[1]


def check_extra() -> None:
    """Whether what a server needs is installed.

    Raises:
        MachineError: `machine.extra`.
    """
    from importlib.util import find_spec

    for module, package in _NEEDED.items():
        if find_spec(module) is None:
            raise MachineError("machine.extra", key=package, extra="serve")


def cores() -> int:
    """Cores that this process may use: those of its affinity, and of its share of them in a container (cgroup 2)."""
    import os

    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(there, int(quota) // int(period)))
    except (OSError, ValueError):  # no such file, or `max`
        return there


def checked_prefix(text: str) -> str:
    """A prefix as `/nlp`, without a slash at its end.

    Raises:
        BookError: `serve.prefix`.
    """
    import re

    found = text.rstrip("/")
    if found and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", found):
        raise BookError("serve.prefix", key="--prefix", value=text, allowed="/NAME")
    return found


__all__ = ["How", "check_extra", "checked_prefix", "cores", "make_app", "make_traffic"]
