"""tunebook table search and find: values that are tried out, within declared ranges or in a short training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, note, warn
from tunebook.cli.bars import Bars
from tunebook.cli.choose import chosen_table, described, named_table, read_changes
from tunebook.cli.engines import Where
from tunebook.cli.options import Allowed, Books, Chosen, listed, option, wrong
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.params import Value
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.find import BatchFound, RateFound
    from tunebook.verbs.trials.result import SearchResult


@dataclass(frozen=True)
class What:
    """Which table a search begins with, and which of its rows it varies."""

    table: Annotated[str, option("table_version", "--table", metavar="vN|FILE")] = "champion"
    rows: Annotated[str, option("search_rows", "--rows", metavar="ROW,…")] = ""
    ranges: Annotated[list[str] | None, option("search_range", "--range", metavar="ROW=LOW..HIGH")] = None


@dataclass(frozen=True)
class Effort(Where):
    """How much a search may try, how, and where."""

    runs: Annotated[int | None, option("search_runs", "--runs", metavar="N")] = None
    minutes: Annotated[float | None, option("search_minutes", "--minutes", metavar="N")] = None
    prune: Annotated[str, option("search_prune", "--prune", metavar="median|wilcoxon|none")] = "median"
    sampler: Annotated[str, option("search_sampler", "--sampler", metavar="tpe|random|grid")] = "tpe"
    seeds: Annotated[int, option("search_seeds", "--seeds", metavar="N")] = 1
    workers: Annotated[int | None, option("search_workers", "--workers", metavar="N")] = None


def table_search(book: Books, what: What, effort: Effort, allowed: Allowed) -> Answer:
    """Search, and add the best table as a candidate version."""
    from tunebook.verbs.search import SearchOptions, search, specify
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    parent = named_table(opened, what.table)
    effort.check()
    made: dict[str, Any] = {"rows": listed(what.rows), "ranges": read_ranges(what.ranges or ())}
    options = SearchOptions(**made, **effort.own(), allow=allowed.names)
    spec, _ = specify(opened, parent, options)
    note(say("search.begins", search=spec.id, rows=", ".join(axis.name for axis in spec.space.axes)))
    with Bars(spec.metric) as bars, effort.used(bars):
        result = search(opened, parent, options, progress=bars)
    return _answer(opened, result)


def read_ranges(given: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Row -> ends, from `row=low..high`.

    Raises:
        TunebookError: `cli.option` for an item that is no range, `cli.twice` for a row that is given twice.
    """
    from tunebook.tables.values import number

    ranges = {}
    for name, text in read_changes(given, "--range").items():
        low, _, high = text.replace("…", "..").partition("..")
        ends = (number(low), number(high))
        if ends[0] is None or ends[1] is None:
            raise wrong("--range", f"{name}={text}", "ROW=LOW..HIGH")
        ranges[name] = (ends[0], ends[1])
    return ranges


def _answer(book: Book, result: SearchResult) -> Answer:
    names = ("search", "best", "score", "parent_score", "trials", "pruned", "failed")
    found = result.model_dump(mode="json", include=set(names))
    added = f"v{result.table}" if result.table else None
    data = {name: found[name] for name in names} | {"table": added, "path": str(result.path)}
    following = (command("ab", book.path, f"v{result.parent}" if result.parent else "champion", added),)
    return Answer(data, lambda screen: _tell(screen, result), following if added else ())


def _tell(screen: Console, result: SearchResult) -> None:
    from tunebook.core.formatting import metric_name, score_text
    from tunebook.report.search import value_text

    words = {"trials": result.trials, "metric": metric_name(result.metric), "score": score_text(result.score)}
    if result.table is None:
        screen.print(say("search.none_better", **words))
    else:
        own = score_text(result.parent_score)
        screen.print(say("search.found", trial=result.trial, parent=own, **words), style="bold")
        screen.print()
        rows: dict[str, Value] = result.best
        lines = [(name, value_text(value)) for name, value in rows.items()]
        screen.print(grid((say("cli.name"), say("cli.value")), lines))
        screen.print(f"✓ {say('search.added', version=f'v{result.table}')}", style="green")
        warn(screen, [say("search.optimism")])
    screen.print()
    counts = say("search.counts", trials=result.trials, pruned=result.pruned, failed=result.failed)
    screen.print(facts([(say("search.trials"), counts), (say("search.report"), result.path / "report.html")]))


@dataclass(frozen=True)
class Rise:
    """From which rate to which, and in how many steps."""

    low: Annotated[float, option("find_low", "--low", metavar="RATE")] = 1e-6
    high: Annotated[float, option("find_high", "--high", metavar="RATE")] = 1.0
    steps: Annotated[int, option("find_steps", "--steps", metavar="N")] = 100


def find_rate(book: Books, chosen: Chosen, rise: Rise, allowed: Allowed) -> Answer:
    """Let the rate rise, and say which one to set."""
    from tunebook.report.search import write_rate_page
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
                (say("find.page"), Path(data["page"])),
            ],
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
    from tunebook.core.formatting import memory

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


__all__ = ["Effort", "Rise", "What", "find_batch", "find_rate", "read_ranges", "table_search"]
