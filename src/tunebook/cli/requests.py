"""tunebook requests show, export and feedback: what a served book was asked, and what came back of it."""

from __future__ import annotations

import time
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid
from tunebook.cli.options import Books, argument, option, wrong
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

_TEXT = 60  # characters of a text that the screen shows
_SHOWN = ("request", "number", "at", "version", "role", "status", "label", "score", "seconds", "text")
Since = Annotated[str, option("requests_since", "--since", metavar="TIME")]
Until = Annotated[str | None, option("requests_until", "--until", metavar="TIME")]


def requests_show(
    book: Books,
    since: Since = "1d",
    until: Until = None,
    last: Annotated[int, option("requests_last", "--last", metavar="N")] = 20,
) -> Answer:
    """The newest records of a window, and how many there are."""
    from tunebook.requests.times import shown
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.request_log import request_log

    if last < 0:
        raise wrong("--last", str(last), ">= 0")
    log = request_log(open_book(book))
    table = log.answered(*_window(since, until), columns=list(_SHOWN))
    told, names = table.num_rows, log.names()
    newest = table.slice(max(0, told - last)).to_pylist()
    log.close()

    def tell(screen: Console) -> None:
        pairs = [(say("requests.log"), log.name), (say("requests.records"), str(told))]
        screen.print(facts([*pairs, (say("requests.feedback"), ", ".join(names) or "–")]))
        if newest:
            lines = [
                (shown(row["at"]), f"{row['request']}/{row['number']}", row["role"], _answer(row),
                 _score(row), f"{1000 * row['seconds']:.0f} ms", row["text"][:_TEXT])
                for row in newest
            ]  # fmt: skip
            heads = ("at", "request", "role", "answer", "score", "time", "text")
            screen.print(grid([say(f"requests.head.{name}") for name in heads], lines, right={4, 5}))

    data = {"log": log.name, "records": told, "feedback": names, "rows": newest}
    return Answer(data, tell, (command("requests", "export", book, "--out", "requests"),) if told else ())


def _answer(row: dict[str, Any]) -> str:
    """In short; an empty text has none."""
    return str(row["label"] or ("–" if row["status"] == 200 else f"HTTP {row['status']}"))


def _score(row: dict[str, Any]) -> str:
    return "–" if isnan(row["score"]) else f"{row['score']:.3f}"


def requests_export(
    book: Books,
    out: Annotated[Path, option("requests_out", "--out", metavar="FOLDER")],
    since: Since = "30d",
    until: Until = None,
) -> Answer:
    """A Parquet file a day."""
    from tunebook.core.files import check_place
    from tunebook.requests.export import export_days
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.request_log import request_log

    check_place(out / "requests.parquet")
    log = request_log(open_book(book))
    found = export_days(log, out, *_window(since, until))
    log.close()
    rows = sum(item["rows"] for item in found)

    def tell(screen: Console) -> None:
        done = say("requests.exported", rows=rows, files=len(found), path=out)
        screen.print(f"✓ {done}", style="green", soft_wrap=True)

    return Answer({"rows": rows, "files": found}, tell)


def requests_feedback(book: Books, file: Annotated[Path, argument("feedback_file", "FILE")]) -> Answer:
    """What came back, joined by id."""
    from tunebook.requests.feedback_file import read_feedback
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.request_log import request_log

    opened = open_book(book)
    rows = read_feedback(file, time.time())
    log = request_log(opened)
    unknown = log.tell(rows) if rows else 0
    log.close()
    names = sorted({row.name for row in rows})
    data: dict[str, Any] = {"told": len(rows), "unknown": unknown, "names": names}

    def tell(screen: Console) -> None:
        done = say("requests.told", count=len(rows), names=", ".join(names) or "–")
        screen.print(f"✓ {done}", style="green", soft_wrap=True)
        if unknown:
            screen.print(say("requests.unknown", count=unknown), style="yellow", soft_wrap=True)

    return Answer(data, tell, (command("requests", "show", book),))


def _window(since: str, until: str | None) -> tuple[float, float]:
    from tunebook.requests.times import moment

    now = time.time()
    start, end = moment(since, now), now + 1.0 if until is None else moment(until, now)
    if end <= start:
        raise wrong("--until", until or "", f"> {since}")
    return start, end


__all__ = ["requests_export", "requests_feedback", "requests_show"]
