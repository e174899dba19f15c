"""tunebook chat: a conversation with a model, on a terminal or line by line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, note
from tunebook.cli.choose import chosen_run
from tunebook.cli.options import RunName, argument, option, wrong
from tunebook.core.errors import BookError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from tunebook.verbs.chat import Talk
    from tunebook.verbs.steps.runs import Run

RESET, LEAVE = "/reset", ("/exit", "/quit")


@dataclass(frozen=True)
class Writing:
    """How the model writes."""

    system: Annotated[str, option("chat_system", "--system", metavar="TEXT")] = ""
    max_new_tokens: Annotated[int | None, option("chat_tokens", "--max-new-tokens", metavar="N")] = None
    temperature: Annotated[float, option("chat_temperature", "--temperature", metavar="X")] = 0.0
    top_p: Annotated[float, option("chat_top_p", "--top-p", metavar="SHARE")] = 1.0
    stop: Annotated[list[str] | None, option("chat_stop", "--stop", metavar="WORD")] = None
    seed: Annotated[int, option("chat_seed", "--seed", metavar="N")] = 0

    def checked(self) -> dict[str, Any]:
        """As the verb takes it.

        Raises:
            TunebookError: `cli.option`, a value that its option does not take.
        """
        bounds = (
            ("--max-new-tokens", self.max_new_tokens, self.max_new_tokens is None or self.max_new_tokens >= 1, ">= 1"),
            ("--temperature", self.temperature, 0 <= self.temperature <= 100, "0 … 100"),
            ("--top-p", self.top_p, 0 < self.top_p <= 1, "> 0, <= 1"),
            ("--seed", self.seed, self.seed >= 0, ">= 0"),
            ("--stop", self.stop, all(self.stop or ()), say("cli.chat.some_word")),
        )
        for name, value, fits, allowed in bounds:
            if not fits:
                raise wrong(name, value, allowed)
        words = {"max_new_tokens": self.max_new_tokens, "temperature": self.temperature, "top_p": self.top_p}
        return {**words, "stop": tuple(self.stop or ()), "seed": self.seed}


def chat(
    place: Annotated[Path, argument("chat_place", "BOOK|RUN")],
    writing: Writing,
    run: RunName = "latest",
) -> Answer:
    """Talk with the model of a run."""
    from tunebook.verbs.chat import begin

    how, found = writing.checked(), _run(place, run)
    note(say("cli.predict.loading"))
    talk = begin(found, writing.system, **how)
    return Answer(lambda: _records(talk), lambda screen: _converse(talk), lines=True)


def _run(place: Path, name: str) -> Run:
    """The run of a folder, or one of a book."""
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.runs import Run as Kept

    if not (place / "plan.json").is_file():
        return chosen_run(open_book(place), name)
    if name != "latest":
        raise BookError("cli.chat_run", key="--run", value=name, run=str(place))
    return Kept(place)


def _lines() -> Iterator[str]:
    """What is said, line by line, up to the end of the input or of the conversation."""
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
        yield each(line, talk.asked(line))


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
