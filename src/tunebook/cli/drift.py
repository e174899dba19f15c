"""tunebook drift: whether new rows are still those that the model was proven on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, prose, warn
from tunebook.cli.bars import Bars
from tunebook.cli.options import Books, option
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.verbs.drift import Drift


def drift(
    book: Books,
    window: Annotated[int | None, option("drift_window", "--window", metavar="N")] = None,
    rows: Annotated[Path | None, option("drift_rows", "--rows", metavar="FILE")] = None,
    run: Annotated[str | None, option("drift_run", "--run", metavar="RUN")] = None,
    ack: Annotated[bool, option("drift_ack", "--ack")] = False,
    owner: Annotated[str, option("owner", "--owner", metavar="NAME")] = "",
) -> Answer:
    """Hold new rows against those of the book."""
    from tunebook.verbs.drift import acknowledge
    from tunebook.verbs.drift import drift as look
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    if ack:
        count = acknowledge(opened, owner)
        said = say("watch.acknowledged" if count else "watch.nothing_open", count=count)
        return Answer({"acknowledged": count}, lambda screen: screen.print(said))
    with Bars() as bars:
        found = look(opened, rows=rows, run=run, window=window, progress=bars)
    if rows is None:
        go: tuple[str, ...] = (command("retrain", book, "--from-log"), command("drift", book, "--ack"))
    else:  # without labels nothing can be learnt from it, and its alarms are not kept
        go = (command("retrain", book, "--new", rows),) if found.labelled else ()
    go = go if found.alarm else ()
    return Answer(_data(found), lambda screen: _tell(screen, found), go, code=1 if found.alarm else 0)


def _data(found: Drift) -> dict[str, Any]:
    """What `--json` prints; what pages draw is in the day's JSON."""
    data = found.model_dump(mode="json")
    for item in (*data["signals"], *(alarm["signal"] for alarm in data["alarms"])):
        del item["shown"]
    return data


def _tell(screen: Console, found: Drift) -> None:
    from tunebook.core.formatting import number
    from tunebook.report.drift import signal_row
    from tunebook.watch.posting import sentence

    if found.alarms:
        prose(screen, say("watch.alarmed", count=len(found.alarms)), "bold red")
        warn(screen, [sentence(alarm) for alarm in found.alarms])
        prose(screen, say("watch.no_rollback"), "dim")
    elif found.looks:
        screen.print(f"✓ {say('watch.quiet', looks=found.looks)}", style="green")
    if not found.looks:
        prose(screen, say("watch.waiting", waiting=number(found.window.waiting), size=number(found.window.size)))
    if found.signals:
        screen.print()
        lines = [
            (line["name"], line["old"], line["new"], line["p"], "!" if line["alarm"] else "")
            for line in map(signal_row, sorted(found.signals, key=lambda item: item.p_value))
        ]
        headings = (say("watch.signal"), say("watch.old"), say("watch.new"), say("watch.p"), "")
        screen.print(grid(headings, lines, right=(1, 2, 3)))
    screen.print(facts(_facts(found)))
    if found.undelivered:
        warn(screen, [say("watch.undelivered", reason=found.undelivered)])


def _facts(found: Drift) -> list[tuple[str, Any]]:
    from tunebook.core.formatting import number, score_text
    from tunebook.report.drift import interval_text

    known: list[tuple[str, Any]] = [(say("cli.run"), found.run)]
    if found.proven is not None:
        known.append((say("watch.proven"), score_text(found.proven)))
    if found.estimated is not None:
        known.append((say("watch.estimated"), interval_text(found.estimated)))
    if found.measured is not None:
        known.append((say("watch.measured", rows=number(found.labelled)), interval_text(found.measured)))
    if found.expected is not None:
        known.append((say("watch.expected"), interval_text(found.expected)))
    return known if found.page is None else [*known, (say("cli.report"), found.page)]


__all__ = ["drift"]
