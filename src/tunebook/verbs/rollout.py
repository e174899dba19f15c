"""Rollout: a proven run is put in front of users by stages, by a person's hand; the server's own steps are in
`tunebook.rollout.step`.

Every step is an entry of the change log, with who, why, and what was seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict, Unpack

from tunebook.core.errors import RefusedError, TunebookError
from tunebook.knowledge.log import Entry
from tunebook.requests.log import RequestLog
from tunebook.rollout.course import course
from tunebook.rollout.state import State, write
from tunebook.rollout.step import Look, look
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.request_log import request_log
from tunebook.verbs.weigh_rollout import live_state, weigh, weigh_first


class By(TypedDict, total=False):
    """Who does it, why, and whether against what speaks for it.

    Keys:
        actor: else the user of this process.
        reason: stays in the log.
        force: without the proof that it should have; needs a reason and is marked for good.
    """

    actor: str
    reason: str
    force: bool


def start(
    book: Book,
    run: str,
    rules: dict[str, Any] | None = None,
    prepare: Callable[[Path], object] | None = None,
    **by: Unpack[By],
) -> State:
    """Begin a rollout of a run beside the one that is live.

    Args:
        run: id, the start of one, or `champion`. Only runs of the champion, which its tests have proven, may be rolled
            out without `force`.
        rules: what differs from `[rollout]` of book.toml: `stages`, `min_requests`, `metric` ...
        prepare: is given the run's folder once nothing speaks against the start, and before it is written: makes what
            servers load.

    Raises:
        BookError: `rollout.nothing_live`; `book.run`, there is no such run; `log.followed`, somebody was faster.
        RefusedError: `rollout.on`; `rollout.same`; `rollout.unproven`; `rollout.unjudged`, of other rows than the live
            run, and no retraining was for it. RunError: `run.unfinished`, `run.no_model`. PlanError: `rollout.other`,
            it does another task or has other labels than the live one; `rollout.rules`.
        TunebookError: `rollout.reason`.
    """
    found = weigh(book, run, rules or {})
    forced = found.against is not None
    if found.against is not None and not by.get("force", False):
        raise found.against
    if forced:
        _needs_reason(by)
    if prepare is not None:
        prepare(found.run.path)
    rolling, version = found.rules.model_dump(mode="json"), found.run.plan.table_version
    said = {"run": found.run.id, "rules": rolling, "table": version}
    return write(book, found.state, "start", said, **_why(by, forced=forced))


def status(book: Book, log: RequestLog | None = None, now: float | None = None) -> Look:
    """What is to be seen of a rollout now; nothing is written.

    Args:
        log: else that of the book; now: seconds since 1970, else the time.

    Raises:
        MachineError: the request log cannot be read. BookError: the change log cannot be, or `rollout.nothing_live`.
    """
    live_state(book)
    if log is not None:
        return look(book, log, time.time() if now is None else now)
    log = request_log(book)
    try:
        return look(book, log, time.time() if now is None else now)
    finally:
        log.close()


def page(book: Book, path: Path, log: RequestLog | None = None, now: float | None = None) -> Path:
    """Write the page of the rollout that is on, or of the last one: evidence over time, and what happened.

    Raises:
        RefusedError: `rollout.no_page`, there was none. Else as `status`.
    """
    from tunebook.report.rollout import write_rollout

    own = log or request_log(book)
    try:
        found = course(book, own, time.time() if now is None else now)
    finally:
        if log is None:
            own.close()
    if not found:
        raise RefusedError("rollout.no_page", key=str(path), book=book.path)
    return write_rollout(path, found, history(book))


def next_stage(book: Book, log: RequestLog | None = None, **by: Unpack[By]) -> State:
    """Go to the next stage by hand, before the machine would.

    Raises:
        RefusedError: `rollout.off`; `rollout.at_end`; `rollout.against`, evidence speaks against it;
            `rollout.silent`, the run has answered nobody at this stage. Else as `status`.
        TunebookError: `rollout.reason`.
    """
    _needs_reason(by)
    found = _on(book, log)
    if found.state.last:
        raise RefusedError("rollout.at_end", key=str(found.state.candidate), book=book.path)
    forced = found.decision == "abort" or not found.requests
    if forced and not by.get("force", False):
        if found.decision != "abort":
            raise RefusedError("rollout.silent", key=str(found.state.candidate), book=book.path)
        raise RefusedError("rollout.against", key=str(found.state.candidate), why=found.why)
    said = {"run": found.state.candidate, "stage": found.state.stage + 1, "seen": found.to_json()}
    return write(book, found.state, "stage", said, **_why(by, forced=forced))


def finish(book: Book, log: RequestLog | None = None, **by: Unpack[By]) -> State:
    """Make the run that is rolled out the live one: a person's word, once it has come to its last stage or is ready.

    Raises:
        RefusedError: `rollout.off`; `rollout.unready`, it has not come so far, or evidence speaks against it. Else as
            `status`. TunebookError: `rollout.reason`.
    """
    found = _on(book, log)
    forced = found.decision != "ready"
    if forced and not by.get("force", False):
        raise RefusedError("rollout.unready", key=str(found.state.candidate), why=found.why, book=book.path)
    if forced:
        _needs_reason(by)
    said = {"run": found.state.candidate, "seen": found.to_json()}
    return write(book, found.state, "finish", said, **_why(by, forced=forced or found.state.forced))


def abort(book: Book, **by: Unpack[By]) -> State:
    """End a rollout: the live run answers everybody again. It needs no evidence, and works while no log can be read.

    Raises:
        RefusedError: `rollout.off`. TunebookError: `rollout.reason`.
    """
    _needs_reason(by)
    now = live_state(book)
    if now.candidate is None:
        raise RefusedError("rollout.off", key=str(now.live), book=book.path)
    return write(book, now, "abort", {"run": now.candidate, "stage": now.stage}, **_why(by))


def back(book: Book, **by: Unpack[By]) -> State:
    """Let the run answer that was live before, at once and for everybody.

    Raises:
        RefusedError: `rollout.on`, end that first; `rollout.first`, nothing was live before. RunError: `run.no_model`.
        TunebookError: `rollout.reason`.
    """
    _needs_reason(by)
    now = live_state(book)
    if now.candidate is not None:
        raise RefusedError("rollout.on", key=now.candidate, stage=now.stage, share=f"{now.share:g}", book=book.path)
    if not now.before:
        raise RefusedError("rollout.first", key=str(now.live))
    _ = book.run(now.before[-1]).model  # raises where it is gone
    return write(book, now, "back", {"run": now.before[-1], "from": now.live}, **_why(by))


def deploy(book: Book, run: str = "champion", **by: Unpack[By]) -> State:
    """Put the first run of a book live, before its first server does.

    Raises:
        RefusedError: `rollout.live`, one is so already; `rollout.unproven`. TunebookError: `rollout.reason`.
        BookError: `book.run`, `book.champion_run`. RunError: `run.unfinished`, `run.no_model`.
    """
    found = weigh_first(book, run)
    forced = found.against is not None
    if found.against is not None and not by.get("force", False):
        raise found.against
    if forced:
        _needs_reason(by)
    return write(book, found.state, "deploy", {"run": found.run.id}, **_why(by, forced=forced))


def history(book: Book) -> list[Entry]:
    """What happened to the rollouts of a book, oldest first."""
    return book.log.entries("rollout")


def _on(book: Book, log: RequestLog | None) -> Look:
    found = status(book, log)
    if found.state.candidate is None:
        raise RefusedError("rollout.off", key=str(found.state.live), book=book.path)
    return found


def _needs_reason(by: By) -> None:
    if not by.get("reason", "").strip():
        raise TunebookError("rollout.reason", key="--reason")


def _why(by: By, *, forced: bool = False) -> Any:
    return {"actor": by.get("actor", ""), "reason": by.get("reason", ""), "forced": forced}


__all__ = ["By", "abort", "back", "deploy", "finish", "history", "next_stage", "page", "start", "status"]
