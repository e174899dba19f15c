"""The parameters of a command as click reads them, from the signature of its function.

Each argument is annotated with its type and its `Words`: `Annotated[Path | None, option("out", "--out")]`. A type is
str, int, float, bool or Path; a list of these is an option that may be given several times, or all that is left.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

import click

from tunebook.core.errors import TunebookError
from tunebook.core.messages import say


@dataclass(frozen=True)
class Words:
    """What the help says of a parameter, in the language of whoever reads it.

    Attributes:
        name: of its words, `cli.opt.NAME` of the catalogue.
        flags: an option's, as `--header/--no-header`; empty for the one that its argument's name gives.
        metavar: what stands for its value.
        panel: the group of options that it is shown in, `cli.panel.PANEL`; None for the common one.
        positional: it is no option.
    """

    name: str
    flags: tuple[str, ...] = ()
    metavar: str | None = None
    panel: str | None = None
    positional: bool = False

    @property
    def text(self) -> str:
        """What it is."""
        return say(f"cli.opt.{self.name}")

    @property
    def title(self) -> str:
        """What stands above its group."""
        return say(f"cli.panel.{self.panel}" if self.panel else "cli.help.options")


class Option(click.Option):
    """An option with its words."""

    words: Words


class Argument(click.Argument):
    """An argument with its words."""

    words: Words


class Value(click.ParamType[Any]):
    """A text that is read as a value of a type."""

    def __init__(self, kind: Callable[[str], Any]) -> None:
        self.kind = kind
        self.name = kind.__name__

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value.

        Raises:
            TunebookError: `cli.option`.
        """
        try:
            if value == "" and self.kind is Path:  # of a variable that is not set; it would stand for the folder here
                raise ValueError
            if self.kind in (int, float) and isinstance(value, str):
                return self._number(value)
            return self.kind(value)
        except ValueError:
            key = param.opts[0] if param is not None else ""
            allowed = say(f"allowed.{self.name}")
            raise TunebookError("cli.option", key=key, value=value, allowed=allowed) from None

    def _number(self, text: str) -> float:
        """A number as a table reads it: Python alone takes `5_0` for 50, and `nan` for a number."""
        from tunebook.tables.values import number, whole

        found = whole(text) if self.kind is int else number(text)
        if found is None:
            raise ValueError
        return found


def parameters(items: Iterable[inspect.Parameter]) -> list[click.Parameter]:
    """What click is to read for the arguments of a function."""
    return [_parameter(item) for item in items]


def _parameter(item: inspect.Parameter) -> click.Parameter:
    hint, words = get_args(item.annotation)
    kind = next(kind for kind in get_args(hint) if kind is not NoneType) if NoneType in get_args(hint) else hint
    many = get_origin(kind) is list
    if many:
        (kind,) = get_args(kind)
    required = item.default is inspect.Parameter.empty
    how: dict[str, Any] = {"metavar": words.metavar, "required": required}
    if not required:
        how["default"] = item.default
    if many:
        how["callback"] = lambda _context, _parameter, value: list(value) if value else None
    if words.positional:
        found: Option | Argument = Argument([item.name], nargs=-1 if many else 1, type=Value(kind), **how)
    elif kind is bool:
        found = Option([*flags_of(words, item.name, switch=True), item.name], is_flag=True, **how)
    else:
        found = Option([*flags_of(words, item.name), item.name], multiple=many, type=Value(kind), **how)
    found.words = words
    return found


def flags_of(words: Words, name: str, *, switch: bool = False) -> tuple[str, ...]:
    """The flags of an option, as click takes them."""
    own = name.replace("_", "-")
    return words.flags or (f"--{own}/--no-{own}" if switch else f"--{own}",)


__all__ = ["Argument", "Option", "Value", "Words", "flags_of", "parameters"]
