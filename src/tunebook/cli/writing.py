"""Options of how a model writes, for every command that asks one for texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from tunebook.cli.options import option, wrong
from tunebook.cli.parser import Words
from tunebook.core.messages import say


def of_writing(name: str, flag: str, metavar: str) -> Words:
    """An option in the group of those of how a model writes."""
    return option(name, flag, metavar=metavar, panel="writing")


@dataclass(frozen=True)
class Writing:
    """How the model writes; what is None is as it is where nobody says anything."""

    system: Annotated[str | None, of_writing("chat_system", "--system", "TEXT")] = None
    max_new_tokens: Annotated[int | None, of_writing("chat_tokens", "--max-new-tokens", "N")] = None
    temperature: Annotated[float | None, of_writing("chat_temperature", "--temperature", "X")] = None
    top_p: Annotated[float | None, of_writing("chat_top_p", "--top-p", "SHARE")] = None
    stop: Annotated[list[str] | None, of_writing("chat_stop", "--stop", "WORD")] = None
    seed: Annotated[int | None, of_writing("chat_seed", "--seed", "N")] = None

    def checked(self) -> dict[str, Any]:
        """What was given, as the verbs take it, `system` left aside.

        Raises:
            TunebookError: `cli.option`, a value that its option does not take.
        """
        asked: tuple[tuple[str, Any, Callable[[Any], bool], str], ...] = (
            ("--max-new-tokens", self.max_new_tokens, lambda value: value >= 1, ">= 1"),
            ("--temperature", self.temperature, lambda value: 0 <= value <= 100, "0 … 100"),
            ("--top-p", self.top_p, lambda value: 0 < value <= 1, "> 0, <= 1"),
            ("--seed", self.seed, lambda value: value >= 0, ">= 0"),
            ("--stop", None if self.stop is None else tuple(self.stop), all, say("cli.chat.some_word")),
        )
        for name, value, fits, allowed in asked:
            if value is not None and not fits(value):
                raise wrong(name, value, allowed)
        return {name[2:].replace("-", "_"): value for name, value, _, _ in asked if value is not None}


__all__ = ["Writing", "of_writing"]
