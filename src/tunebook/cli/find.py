"""tunebook find: the learning rate and the batch that suit a table, its data and this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, note
from tunebook.cli.bars import Bars
from tunebook.cli.choose import chosen_table, described
from tunebook.cli.options import Allowed, Books, Chosen, option, wrong
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.verbs.steps.find import BatchFound, RateFound


@dataclass(frozen=True)
class Rise:
    """From which rate to which, and in how many steps."""

    low: Annotated[float, option("find_low", "--low", metavar="RATE")] = 1e-6
    high: Annotated[float, option("find_high", "--high", metavar="RATE")] = 1.0
    steps: Annotated[int, option("find_steps", "--steps", metavar="N")] = 100


def find_rate(book: Books, chosen: Chosen, rise: Rise, allowed: Allowed) -> Answer:
    """Let the rate rise, and say which one to set."""
    from tunebook.report.find import write_rate_page
    from tunebook.tables.in_force import peak_rate
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.find import find_rate as find
    from tunebook.verbs.steps.plan import plan

    if not 0 < rise.low < rise.high <= 1:
        raise wrong("--low", f"{rise.low:g} … {rise.high:g}", "0 < LOW < HIGH <= 1")
    if rise.steps < 10:
        raise wrong("--steps", str(rise.steps), ">= 10")
    opened = open_book(book)
    made = plan(chosen_table(opened, chosen), opened.data, allow=allowed.names)
    note(say("find.begins_rate", steps=rise.steps, low=f"{rise.low:g}", high=f"{rise.high:g}"))
    with Bars() as bars:
        found = find(made, low=rise.low, high=rise.high, steps=rise.steps, progress=bars)
    row, now = peak_rate(made)
    page = write_rate_page(opened.path / "find-rate.html", found, described(opened, chosen), row)
    data = {
        "learning_rate": found.rate,
        "row": row,
        "now": now,
        "steepest": found.steepest,
        "tenth_of_lowest": found.tenth,
        "rates": found.rates,
        "losses": found.losses,
        "page": str(page),
    }
    following = command("table", "set", book, *_rows(chosen), f"{row}={found.rate:g}", *_from(chosen))
    return Answer(data, lambda screen: _tell_rate(screen, found, data), (following,))


def _tell_rate(screen: Console, found: RateFound, data: dict[str, Any]) -> None:
    screen.print(say("find.found", row=data["row"], rate=f"{found.rate:g}"), style="bold")
    screen.print()
    screen.print(
        facts(
            [
                (say("find.now"), f"{data['now']:g}"),
                (say("find.steepest"), f"{found.steepest:g}"),
                (say("find.tenth"), f"{found.tenth:g}"),
                (say("find.page"), data["page"]),
            ]
        )
    )
    screen.print()
    screen.print(say("find.limit"), style="dim")


def find_batch(book: Books, chosen: Chosen, allowed: Allowed) -> Answer:
    """Try how many rows fit into memory at once."""
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.find import find_batch as find
    from tunebook.verbs.steps.plan import plan

    opened = open_book(book)
    made = plan(chosen_table(opened, chosen), opened.data, allow=allowed.names)
    note(say("find.begins_batch"))
    with Bars() as bars:
        found = find(made, progress=bars)
    rows = {change.row: change.value for change in found.changes}
    data = {
        "most_rows": found.most,
        "tried": {str(size): peak for size, peak in found.tried.items()},
        "free_bytes": found.free,
        "device": found.device,
        "rows": rows,
    }
    named = [f"{row}={value}" for row, value in rows.items()]
    following = (command("table", "set", book, *_rows(chosen), *named, *_from(chosen)),) if named else ()
    return Answer(data, lambda screen: _tell_batch(screen, found), following)


def _tell_batch(screen: Console, found: BatchFound) -> None:
    from tunebook.core.words import memory

    screen.print(say("find.most", rows=found.most, device=found.device), style="bold")
    screen.print()
    lines = [(size, say("find.too_much") if peak is None else memory(peak)) for size, peak in found.tried.items()]
    screen.print(grid((say("find.at_once"), say("find.peak")), lines, right=(0, 1)))
    if found.free is not None:
        screen.print(say("find.extrapolated", free=memory(found.free)), style="dim")
    screen.print()
    reason = found.changes[0].reason if found.changes else say("find.fits_already")
    screen.print(reason)
    screen.print(say("find.larger"), style="dim")


def _rows(chosen: Chosen) -> list[str]:
    """What `--set` said: the proposal holds for the table with these changes."""
    return list(chosen.changes or ())


def _from(chosen: Chosen) -> list[str]:
    return [] if chosen.table == "champion" else ["--table", chosen.table]


__all__ = ["Rise", "find_batch", "find_rate"]
