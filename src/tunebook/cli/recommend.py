"""tunebook table recommend: a second opinion on the champion, as a child version."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from tunebook.cli.answer import Answer, command, grid, warn
from tunebook.cli.options import Allowed, Books, option, pair, wrong
from tunebook.core.errors import TunebookError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.tables.recommend import Suggestion
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.recommend import Recommendation, Wish

Scaling = Literal["none", "linear", "sqrt"]
_UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_FIELDS = {"memory": "memory_bytes", "gpu": "gpu_memory_bytes", "cores": "cores", "edge": "edge_bytes"}


@dataclass(frozen=True)
class Machines:
    """For what the advice is."""

    target: Annotated[list[str] | None, option("for", "--for", metavar="memory=2GB")] = None
    edge: Annotated[bool, option("edge", "--edge")] = False
    scale_rate: Annotated[str, option("scale_rate", "--scale-rate", metavar="linear|sqrt|none")] = "none"


@dataclass(frozen=True)
class Reach:
    """How far the advice goes and what is kept of it."""

    everything: Annotated[bool, option("recommend_all", "--all")] = False
    dry_run: Annotated[bool, option("recommend_dry_run", "--dry-run")] = False
    note: Annotated[str, option("note", "--note", metavar="TEXT")] = ""
    owner: Annotated[str, option("owner", "--owner", metavar="NAME")] = ""


def table_recommend(book: Books, machines: Machines, reach: Reach, allowed: Allowed) -> Answer:
    """Look at the champion again and make a child of it."""
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.recommend import recommend

    opened = open_book(book)
    found = recommend(
        opened,
        wish(machines, everything=reach.everything),
        dry_run=reach.dry_run,
        note=reach.note,
        owner=reach.owner,
        allow=allowed.names,
    )
    version = f"v{found.table.version}" if found.table is not None and found.table.version else None
    data = {
        "table": version,
        "parent": f"v{found.parent}",
        "rows": [item.to_json() for item in found.rows],
        "kept": [item.to_json() for item in found.kept],
        "warnings": list(found.warnings),
    }
    return Answer(data, lambda screen: _tell(screen, found, version), _next(opened, found, version))


def wish(machines: Machines, *, everything: bool) -> Wish:
    """The machine that the options describe.

    Raises:
        TunebookError: `recommend.target`, `cli.option`, `cli.twice`.
    """
    from tunebook.verbs.steps.recommend import EDGE, Wish

    if machines.scale_rate not in get_args(Scaling):
        raise wrong("--scale-rate", machines.scale_rate, " | ".join(get_args(Scaling)))
    scaling: Scaling = machines.scale_rate  # type: ignore[assignment]
    said = targets(machines.target or ())
    if machines.edge:
        said.setdefault("edge_bytes", EDGE)
    return Wish(**said, scaling=scaling, everything=everything)


def targets(given: Sequence[str]) -> dict[str, int]:
    """Field of a wish -> number, from `memory=2GB`, `gpu=8GB`, `cores=4`, `edge=512MB`.

    Raises:
        TunebookError: `recommend.target` for another name or a value that is no size; `cli.twice`.
    """
    found: dict[str, int] = {}
    for item in given:
        name, text = pair("--for", item)
        field, value = _FIELDS.get(name.lower()), size(text)
        if field is None or value is None or value < (name.lower() != "gpu"):
            raise TunebookError("recommend.target", key=f"--for {name}", value=text, allowed=" | ".join(_FIELDS))
        if field in found:
            raise TunebookError("cli.twice", key=name, value=item)
        found[field] = value
    return found


def size(text: str) -> int | None:
    """Bytes of `2GB`, `512 MiB`, `1.5g` (all in powers of 1024), or a bare number; None for anything else."""
    match = _SIZE.fullmatch(text.strip())
    return int(float(match[1]) * _UNITS[match[2].lower()]) if match else None


def _tell(screen: Console, found: Recommendation, version: str | None) -> None:
    parent = f"v{found.parent}"
    if version:
        screen.print(f"✓ {say('recommend.added', version=version, parent=parent)}", style="green")
    elif found.table is not None:
        screen.print(say("recommend.would", parent=parent), style="yellow")
    else:
        screen.print(say("recommend.nothing_but" if found.kept else "recommend.nothing", parent=parent))
    for title, rows in (("", found.rows), (say("recommend.kept"), found.kept)):
        if rows:
            screen.print()
            if title:
                screen.print(title, style="bold")
            _tell_rows(screen, rows)
    if found.warnings:
        screen.print()
        warn(screen, found.warnings)


def _tell_rows(screen: Console, rows: Sequence[Suggestion]) -> None:
    from tunebook.cli.layout import wrap
    from tunebook.core.words import shown

    heads = [say(f"recommend.{name}") for name in ("row", "now", "advice", "confidence")]
    lines = [
        (item.row, shown(item.before), shown(item.advice.value), say(f"confidence.{item.advice.confidence}"))
        for item in rows
    ]
    screen.print(grid(heads, lines, whole=(0, 1, 2, 3)))
    for item in rows:
        screen.print()
        screen.print(item.row, style="bold")
        for words in wrap(f"{item.advice.reason} [{item.advice.source}]", screen.width - 4):
            screen.print(f"  {words}", style="dim", soft_wrap=True)


def _next(book: Book, found: Recommendation, version: str | None) -> tuple[str, ...]:
    parent = f"v{found.parent}"
    if version:
        return (command("ab", book.path, parent, version), command("table", "diff", book.path, parent, version))
    if found.kept and found.table is None:
        return (command("table", "recommend", book.path, "--all"),)
    return ()


__all__ = ["Machines", "Reach", "size", "table_recommend", "targets", "wish"]
