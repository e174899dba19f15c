"""tunebook errors: which rows a run gets wrong, what they have in common, and why."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, prose, warn
from tunebook.cli.bars import Bars
from tunebook.cli.choose import chosen_run
from tunebook.cli.options import Books, RunName, option, wrong
from tunebook.core.locations import AUTO, LATEST
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.diagnosis.records import Errors
    from tunebook.verbs.steps.runs import Run

_SHOWN = 8


def errors(
    book: Books,
    run: RunName = AUTO,
    split: Annotated[str, option("errors_split", "--split", metavar="SPLIT")] = "validation",
) -> Answer:
    """Diagnose the errors of a run."""
    from tunebook.core.nouns import SPLITS
    from tunebook.verbs.errors import errors as diagnose
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.moved import rows_moved

    part = next((name for name in SPLITS if name == split), None)
    if part is None:
        raise wrong("--split", split, " | ".join(SPLITS))
    opened = open_book(book)
    chosen = chosen_run(opened, run)
    with Bars() as bars:
        found = diagnose(chosen, part, bars)
    moved = rows_moved(opened, chosen)
    go = _next(found, chosen, book)
    if moved:  # what the causes advise was of other rows
        go = (command("train", book), command("errors", book, "--run", LATEST))
    data = {**found.model_dump(mode="json"), "warnings": moved}
    return Answer(data, lambda screen: _tell(screen, found, chosen, moved), go)


def _next(found: Errors, run: Run, book: Path) -> tuple[str, ...]:
    """What the causes advise, those that explain most first, for this book; not what needs a file that there is not."""
    from tunebook.diagnosis.cause import filled
    from tunebook.verbs.errors import places_of

    causes = filled(found.causes, places_of(run, found.split, book))
    commands = [one.command for cause in causes for one in cause.next if one.command]
    return tuple(dict.fromkeys(line for line in commands if "FILE" not in shlex.split(line)))[:3]


def _tell(screen: Console, found: Errors, run: Run, moved: Sequence[str] = ()) -> None:
    from tunebook.report.errors import percent, unasked_words, unserious, verdict, wrong_words
    from tunebook.verbs.errors import PAGE, SUSPECTS

    warn(screen, moved)
    prose(screen, verdict(found), "bold")
    if found.split == "test":
        prose(screen, say("errors.test_rows"), "yellow")
    for cause in found.causes:
        share = say("causes.hidden" if cause.hides else "causes.explained")
        prose(screen, f"· {cause.what} {percent(cause.share)} {share}", None if cause.serious else "dim", first=2)
    if found.wrong and (words := unserious(found)):
        prose(screen, words)
    if found.unasked:
        prose(screen, say("causes.unasked", names=unasked_words(found)), "dim")
    for title, headings, lines in _parts(found):
        if lines:
            screen.print()
            screen.print(title, style="bold")
            screen.print(grid(headings, lines[:_SHOWN], right=range(1, len(headings)), whole=()))
    folder = run.results(found.split)
    told: list[tuple[str, Any]] = [(say("cli.run"), found.run), (say("cli.report"), folder / PAGE)]
    if count := sum(len(part.found) for part in found.suspects):
        told += [(say("errors.suspects"), count), (say("errors.file"), folder / SUSPECTS)]
    screen.print()
    screen.print(facts(told))
    if count and (words := wrong_words(found.suspects[0])):
        prose(screen, words)
    if found.cuts:
        warn(screen, [say("errors.limit_cuts")])


def _parts(found: Errors) -> list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Title, headings and lines of the tables that are told on a screen."""
    from tunebook.core.formatting import number
    from tunebook.diagnosis.part_words import slice_words
    from tunebook.report.errors import cluster_name, p_words, percent

    known = [one for one in found.confusions if one.found] or found.confusions[:3]
    shares = (say("errors.wrong_here"), say("errors.wrong_else"), "p")
    return [
        (
            say("errors.slices"),
            (say("errors.slice"), say("cli.rows"), *shares),
            [
                (slice_words(one), number(one.rows), percent(one.share), percent(one.rest), p_words(one.p_value))
                for one in found.slices.found
            ],
        ),
        (
            say("errors.confusions"),
            (say("errors.pair"), say("errors.count"), say("errors.of_class"), "p"),
            [
                (f"{one.true} → {one.said}", f"{one.count} / {one.of}", percent(one.share), p_words(one.p_value))
                for one in known
            ],
        ),
        (
            say("errors.clusters"),
            (say("errors.group"), say("errors.errors"), say("errors.share")),
            [
                (cluster_name(place, one), number(one.rows), percent(one.share))
                for place, one in enumerate(found.clusters, start=1)
            ],
        ),
    ]


__all__ = ["errors"]
