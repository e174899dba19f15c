"""What a command answers: data for machines, text and tables for people, and what to type next."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.cli.layout import Facts, as_grid, hanging, wrap
from tunebook.cli.streams import heard
from tunebook.core.commands import command
from tunebook.core.formatting import finite
from tunebook.core.locations import AUTO
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.verbs.steps.book import Book


@dataclass(frozen=True)
class Answer:
    """The outcome of a command.

    Attributes:
        data: what `--json` prints as one line; a function where only that needs it and it takes long.
        tell: prints the same for people.
        next: commands that one would type next; a function where that hangs on what was done meanwhile.
        code: exit code.
        lines: `data` is a list whose items are printed a line each, or gives one after the other.
    """

    data: Mapping[str, Any] | list[dict[str, Any]] | Callable[[], Mapping[str, Any] | Iterator[dict[str, Any]]]
    tell: Callable[[Console], None]
    next: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()
    code: int = 0
    lines: bool = False


def console(*, stderr: bool = False) -> Console:
    """A rich console that prints texts as they are: a user's `[b]` or `:smile:` is no markup."""
    from rich.console import Console

    width = None if os.environ.get("COLUMNS", "").strip("0") else shutil.get_terminal_size().columns
    plain: Any = {"color_system": None} if os.environ.get("NO_COLOR") else {}
    made = Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=width, **plain)
    made.print = partial(made.print, crop=False)  # type: ignore[method-assign]  # what is wider than the screen goes on
    return made


def show(answer: Answer) -> None:
    """Print an answer for people, with the next commands at its end."""
    screen = console()
    heard()
    answer.tell(screen)
    if go := answer.next() if callable(answer.next) else answer.next:
        screen.print()
        screen.print(say("cli.next"), style="bold")
        for command in go:
            screen.print(f"  {command}", style="cyan", soft_wrap=True)


def show_json(answer: Answer) -> None:
    """Print an answer's data as JSON on one line, or the items of a list on a line each."""
    data = answer.data() if callable(answer.data) else answer.data
    for item in data if answer.lines else [data]:
        sys.stdout.write(json_line(item) + "\n")


def json_line(item: Any) -> str:
    """An object as one line of JSON; a number that JSON cannot carry becomes null."""
    return json.dumps(finite(item), ensure_ascii=False, default=str, allow_nan=False)


def note(text: str, style: str = "dim") -> None:
    """A line to stderr while a command is at work: stdout holds the answer alone."""
    heard()
    console(stderr=True).print(text, style=style)


def as_json() -> bool:
    """Whether the command that is at work was asked for `--json`."""
    import click

    context = click.get_current_context(silent=True)
    return bool(context and context.obj and context.obj.json)


def run_option(run: str) -> tuple[str, ...]:
    """`--run` of a command that is to take the same run as the one before it."""
    return () if run == AUTO else ("--run", run)


def predict_command(book: Book, run: str = AUTO) -> str:
    """How to try the model of a run on a text, on a pair of texts, or on a text and a file of passages; or, where it
    answers no text by itself, to talk with it."""
    from tunebook.core.registry import task_of
    from tunebook.core.writes import Talks

    text, chosen = say("cli.some_text"), run_option(run)
    if isinstance(task_of(book.file.task)(), Talks) and not task_of(book.file.task).alone:
        return command("chat", book.path, *chosen)
    if book.holds_passages and not task_of(book.file.task).alone:
        return command("rerank", book.path, text, "passages.txt", *chosen)
    pair = ("--pair", text) if book.holds_pairs else ()
    return command("predict", book.path, text, *pair, *chosen)


def embed_command(book: Book, run: str = AUTO) -> tuple[str, ...]:
    """How to get the vectors of texts by the model of a run; nothing for one that makes none."""
    from tunebook.core.registry import task_of
    from tunebook.core.task import Searches

    if not isinstance(task_of(book.file.task)(), Searches):
        return ()
    chosen = run_option(run)
    return (command("embed", book.path, "texts.csv", "--into", "vectors.parquet", *chosen),)


def grid(
    headings: Iterable[str],
    lines: Iterable[Iterable[Any]],
    *,
    right: Collection[int] = (),
    whole: Collection[int] = (0,),
) -> Any:
    """A table of texts.

    Args:
        right: numbers of the columns that are aligned to the right.
        whole: numbers of the columns whose cells are never broken.
    """
    return as_grid(headings, lines, right=right, whole=whole)


def facts(pairs: Iterable[tuple[str, Any]]) -> Any:
    """Names and values below each other, without headings; a path stays whole, however narrow the terminal."""
    return Facts([(name, value if isinstance(value, Path) else str(value)) for name, value in pairs])


def prose(screen: Console, text: str, style: str | None = None, *, first: int = 0) -> None:
    """Print sentences, their lines broken between words, the first so many columns further in."""
    for line in hanging(text, screen.width, first=first) if first else wrap(text, screen.width):
        screen.print(line, style=style, soft_wrap=True)


def advise(screen: Console, problem: Mapping[str, Any]) -> None:
    """Print what may stand in the place of a problem, an error as JSON, and what to do about it."""
    if problem["allowed"]:
        screen.print(f"  {say('error.allowed', allowed=problem['allowed'])}", soft_wrap=True)
    screen.print(f"  → {problem['advice']}", soft_wrap=True)


def warn(screen: Console, messages: Iterable[str]) -> None:
    """Print warnings so that they are seen."""
    from rich.text import Text

    for message in messages:
        mark = f"! {say('cli.warning')}"
        first, *rest = hanging(f"{mark}{message}", screen.width)
        screen.print(Text.assemble((first[: len(mark)], "bold yellow"), first[len(mark) :]))
        for line in rest:
            screen.print(line)


__all__ = [
    "Answer",
    "advise",
    "as_json",
    "command",
    "console",
    "embed_command",
    "facts",
    "grid",
    "json_line",
    "note",
    "predict_command",
    "prose",
    "run_option",
    "show",
    "show_json",
    "warn",
]
