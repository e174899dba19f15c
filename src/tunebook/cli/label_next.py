"""The options of `tunebook curve` that choose rows to label next, and what they tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, prose, warn
from tunebook.cli.bars import Bars
from tunebook.cli.choose import chosen_run
from tunebook.cli.options import RunName, option
from tunebook.core.locations import AUTO
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.verbs.label_next import NextRows

_PANEL = "next"


@dataclass(frozen=True)
class Next:
    """Which rows to label next."""

    file: Annotated[Path | None, option("next_file", "--next", metavar="FILE", panel=_PANEL)] = None
    rows: Annotated[int, option("next_rows", "--rows", metavar="N", panel=_PANEL)] = 100
    by: Annotated[str, option("next_by", "--by", metavar="WAY", panel=_PANEL)] = "badge"
    into: Annotated[Path, option("next_into", "--into", metavar="FILE", panel=_PANEL)] = Path("next.csv")
    seed: Annotated[int, option("next_seed", "--seed", metavar="N", panel=_PANEL)] = 0
    run: RunName = AUTO


def choose_next(book: Path, asked: Next) -> Answer:
    """Write the rows to label next."""
    from tunebook.verbs.label_next import NextOptions, label_next
    from tunebook.verbs.steps.book import open_book

    assert asked.file is not None
    opened = open_book(book)
    options = NextOptions(chosen_run(opened, asked.run), asked.rows, asked.by, asked.seed)
    with Bars() as bars:
        found = label_next(opened, asked.file, asked.into, options, progress=bars)
    labels = str(opened.data.roles.label)
    go = (command("retrain", book, "--new", asked.into),)
    return Answer(found.model_dump(mode="json"), lambda screen: _tell(screen, found, labels), go)


def _tell(screen: Console, found: NextRows, label: str) -> None:
    from tunebook.core.formatting import number

    words = {"rows": number(found.rows), "given": number(found.given)}
    prose(screen, say("label_next.chose", way=say(f"label_next.by_{found.by}"), **words), "bold")
    left: list[tuple[str, Any]] = [
        (say(f"label_next.{name}"), number(count))
        for name in ("empty", "repeated", "labelled", "held_out")
        if (count := getattr(found, name))
    ]
    screen.print(facts([*left, (say("label_next.file"), Path(found.path))]))
    prose(screen, say("label_next.then", label=label), "dim")
    warn(screen, [say("label_next.never_test")] if found.by != "random" else [])


__all__ = ["Next", "choose_next"]
