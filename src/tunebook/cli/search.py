"""tunebook table search: try tables within the declared ranges, and propose the best one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, note, warn
from tunebook.cli.bars import Bars
from tunebook.cli.choose import named_table, read_changes
from tunebook.cli.options import Allowed, Books, listed, option, wrong
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.params import Value
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.trials.result import SearchResult


@dataclass(frozen=True)
class What:
    """Which table a search begins with, and which of its rows it varies."""

    table: Annotated[str, option("table_version", "--table", metavar="vN|FILE")] = "champion"
    rows: Annotated[str, option("search_rows", "--rows", metavar="ROW,…")] = ""
    ranges: Annotated[list[str] | None, option("search_range", "--range", metavar="ROW=LOW..HIGH")] = None


@dataclass(frozen=True)
class Effort:
    """How much a search may try, and how."""

    runs: Annotated[int | None, option("search_runs", "--runs", metavar="N")] = None
    minutes: Annotated[float | None, option("search_minutes", "--minutes", metavar="N")] = None
    prune: Annotated[str, option("search_prune", "--prune", metavar="median|wilcoxon|none")] = "median"
    sampler: Annotated[str, option("search_sampler", "--sampler", metavar="tpe|random|grid")] = "tpe"
    seeds: Annotated[int, option("search_seeds", "--seeds", metavar="N")] = 1
    engine: Annotated[str, option("search_engine", "--engine", metavar="local|ray")] = "local"
    workers: Annotated[int | None, option("search_workers", "--workers", metavar="N")] = None


def table_search(book: Books, what: What, effort: Effort, allowed: Allowed) -> Answer:
    """Search, and add the best table as a candidate version."""
    from tunebook.verbs.search import SearchOptions, search, specify
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    parent = named_table(opened, what.table)
    made: dict[str, Any] = {"rows": listed(what.rows), "ranges": read_ranges(what.ranges or ())}
    options = SearchOptions(**made, **vars(effort), allow=allowed.names)
    spec, _ = specify(opened, parent, options)
    note(say("search.begins", search=spec.id, rows=", ".join(axis.name for axis in spec.space.axes)))
    if options.engine == "ray":
        note(say("search.shared_note", path=opened.path.resolve()), style="yellow")
    with Bars(spec.metric) as bars:
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
    from tunebook.core.words import metric_name, score_text
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


__all__ = ["Effort", "What", "read_ranges", "table_search"]
