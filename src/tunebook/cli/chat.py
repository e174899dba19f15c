"""tunebook chat: a conversation with a model, on a terminal or line by line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, note
from tunebook.cli.choose import run_at
from tunebook.cli.options import RunName, argument
from tunebook.cli.writing import Writing
from tunebook.core.locations import AUTO
from tunebook.core.messages import say

if TYPE_CHECKING:
    from tunebook.verbs.chat import Talk

RESET, LEAVE = "/reset", ("/exit", "/quit")


def chat(
    place: Annotated[Path, argument("chat_place", "BOOK|RUN")],
    writing: Writing,
    run: RunName = AUTO,
) -> Answer:
    """Talk with the model of a run."""
    from tunebook.verbs.chat import begin

    how, found = writing.checked(), run_at(place, run)
    note(say("cli.predict.loading"))
    talk = begin(found, writing.system or "", **how)
    return Answer(lambda: _records(talk), lambda screen: _converse(talk), lines=True)


def _lines() -> Iterator[str]:
    """What is said, line by line, up to the end of the input or of the conversation."""
    with suppress(AttributeError, ValueError):  # a byte that is no text ends no conversation
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    terminal = sys.stdin.isatty()
    if terminal:
        note(say("cli.chat.keys", reset=RESET, leave=LEAVE[0]))
    while True:
        sys.stdout.flush()
        try:
            line = input("> ") if terminal else next(sys.stdin).rstrip("\r\n")
        except (EOFError, StopIteration, KeyboardInterrupt):
            return
        if line.strip() in LEAVE:
            return
        if line.strip():
            yield line


def _answered(talk: Talk, each: Callable[[str, Iterator[str]], Any]) -> Iterator[Any]:
    """What is made of each question and the pieces of its answer."""
    for line in _lines():
        if line.strip() == RESET:
            talk.reset()
            note(say("cli.chat.reset"))
            continue
        found = each(line, talk.asked(line))
        _tell_left_out(talk)
        yield found


def _tell_left_out(talk: Talk) -> None:
    """What of the conversation the model did not read for its last answer."""
    read = talk.read
    if read is not None and read.left_out:
        note(say("cli.chat.left_out", turns=read.left_out, reset=RESET), style="yellow")
    if read is not None and read.cut:
        note(say("cli.chat.cut", tokens=len(read.tokens)), style="yellow")


def _converse(talk: Talk) -> None:
    """Write each answer as it comes; whoever interrupts one hears no more of it."""

    def told(line: str, pieces: Iterator[str]) -> None:
        try:
            for piece in pieces:
                sys.stdout.write(piece)
                sys.stdout.flush()
        except KeyboardInterrupt:
            pieces.close()  # type: ignore[attr-defined]
        sys.stdout.write("\n")

    for _ in _answered(talk, told):
        pass


def _records(talk: Talk) -> Iterator[dict[str, Any]]:
    """Each answer as a record."""

    def record(line: str, pieces: Iterator[str]) -> dict[str, Any]:
        text: list[str] = []
        while True:
            try:
                text.append(next(pieces))
            except StopIteration as end:
                made = end.value
                return {"prompt": line, "answer": made.text, "tokens": len(made.tokens), "stopped": made.stopped}

    return _answered(talk, record)


__all__ = ["Writing", "chat"]
