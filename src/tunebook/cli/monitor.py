"""tunebook monitor: what the server is asked and answers, once or again and again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, warn
from tunebook.cli.options import Books, option, wrong
from tunebook.core.errors import BookError
from tunebook.core.formatting import moment
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.verbs.monitor import Monitored
    from tunebook.verbs.steps.book import Book
    from tunebook.watch.figures import Figures


def monitor(
    book: Books,
    hours: Annotated[float, option("monitor_hours", "--hours", metavar="H")] = 24.0,
    every: Annotated[float | None, option("monitor_every", "--every", metavar="SECONDS")] = None,
) -> Answer:
    """Show figures of the requests of the last hours."""
    from tunebook.verbs.monitor import monitor as measure
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    if every is not None:
        if not every >= 1:
            raise wrong("--every", every, "1 – …")
        found = partial(_again, opened, hours, every)

        def lines() -> Iterator[dict[str, Any]]:
            return (item.model_dump(mode="json") for item in found())

        def tell(screen: Console) -> None:
            for item in found():
                screen.rule(moment(datetime.fromtimestamp(item.until, UTC).isoformat()))
                _tell(screen, item)

        return Answer(lines, tell, lines=True)
    once = measure(opened, hours=hours)
    return Answer(once.model_dump(mode="json"), lambda screen: _tell(screen, once), (command("drift", book),))


def _again(book: Book, hours: float, every: float) -> Iterator[Monitored]:
    """Figures, again and again; a time without requests is passed over."""
    from tunebook.verbs.monitor import Monitored
    from tunebook.verbs.monitor import monitor as measure

    while True:
        try:
            yield measure(book, hours=hours)
        except BookError as error:
            if error.code != "watch.no_requests":
                raise
            now = time.time()
            yield Monitored(since=now - hours * 3600, until=now, versions=[])
        sys.stdout.flush()
        time.sleep(every)


def _tell(screen: Console, found: Monitored) -> None:
    from tunebook.core.formatting import number, phrase

    if not found.versions:
        screen.print(say("watch.none"))
    for item in found.versions:
        screen.print(f"{item.version} · {phrase('watch.role', item.role)}", style="bold")
        screen.print(facts(_facts(item)))
        if item.answers:
            lines = [(name, f"{share:.1%}") for name, share in item.answers.items()]
            screen.print(grid((say("watch.answer"), say("watch.share")), lines, right=(1,)))
        if item.codes:
            lines = [(code, number(count)) for code, count in item.codes.items()]
            screen.print(grid((say("watch.error"), say("watch.texts")), lines, right=(1,)))
        screen.print()
    if found.alarms:
        warn(screen, [say("watch.alarms_open", count=len(found.alarms))])


def _facts(item: Figures) -> list[tuple[str, str]]:
    from tunebook.core.formatting import number, share_text

    def known(values: list[float], form: str) -> str:
        return " / ".join(format(value, form) for value in values) if values else "–"

    def share(value: float) -> str:
        return share_text(value) if value == value else "–"

    languages = ", ".join(f"{name} {share_text(part)}" for name, part in item.languages.items())
    return [
        (say("watch.texts"), number(item.texts)),
        (say("watch.a_minute"), f"{item.a_minute:,.1f}" if item.a_minute == item.a_minute else "–"),
        (say("watch.latency_all"), known(item.latency, ",.1f")),
        (say("watch.waited"), known(item.waited, ",.1f")),
        (say("watch.errors"), share(item.errors)),
        (say("watch.confidence"), known(item.score, ".3f")),
        (say("watch.characters"), known(item.characters, ",.0f")),
        (say("watch.tokens"), known(item.tokens, ",.0f")),
        (say("watch.unknown"), share(item.unknown)),
        (say("watch.cut"), share(item.cut)),
        (say("watch.languages"), languages or "–"),
    ]


__all__ = ["monitor"]
