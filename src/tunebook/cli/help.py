"""How help looks: plain, aligned, in the user's language, quick to make."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterable, Iterator
from typing import Any

import click

from tunebook.cli.layout import wrap
from tunebook.cli.parser import Argument, Option
from tunebook.core.errors import TunebookError
from tunebook.core.messages import columns_of, say

LINES = ("predict", "techniques")  # commands whose --json is a line for each item
_INDENT, _WIDEST_NAME, _WIDEST = 2, 26, 110

Line = tuple[str, str]


class Command(click.Command):
    """A command whose help is laid out here, and whose wrong uses are told in the user's language."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Read the arguments.

        Raises:
            TunebookError: `cli.too_much`.
        """
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # else nobody knows which command it was
            raise
        if ctx.args:
            again = _again(ctx)
            code = "cli.say_again" if again else "cli.too_much"
            raise TunebookError(code, key=" ".join(ctx.args), command=ctx.command_path, again=again)
        return rest

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help into the parser's formatter."""
        formatter.write("\n".join(_command_lines(self, ctx)) + "\n")


def _again(ctx: Any) -> str:
    """`--set a=1 --set b=2` for what was given after a single --set; empty where it was none."""
    pairs = next((ctx.params[item.name] for item in ctx.command.params if "--set" in item.opts), None) or []
    if not pairs or not all("=" in word for word in ctx.args):
        return ""
    return shlex.join(word for pair in (*pairs, *ctx.args) for word in ("--set", pair))


def _command_lines(command: click.Command, ctx: Any) -> Iterator[str]:
    arguments = [item for item in command.params if isinstance(item, Argument)]
    options = [item for item in command.params if isinstance(item, Option)]
    yield from _opening(ctx, " ".join([*map(_usage, arguments), say("cli.help.options_mark")]), command.help)
    yield from _section(say("cli.help.arguments"), [(_name(item), item.words.text) for item in arguments])
    for title in dict.fromkeys(item.words.title for item in options):
        mine = [item for item in options if item.words.title == title]
        yield from _section(title, [(_option(item), _described(item)) for item in mine])
    yield from _common(form="json_lines" if command.name in LINES else "json")
    yield from _examples(command.epilog)


def group_lines(group: Any, ctx: Any, commands: list[Line]) -> Iterator[str]:
    """Help of a group, line by line; `commands` holds the name of each with a line about it."""
    yield from _opening(ctx, say("cli.help.command_mark"), group.help)
    yield from _section(say("cli.help.commands"), commands)
    more = [] if ctx.parent else [("--version", say("cli.opt.version"))]
    yield from _common(more)
    yield from _examples(group.epilog)


def _opening(ctx: Any, usage: str, text: str | None) -> Iterator[str]:
    yield f"{_bold(say('cli.help.usage'))}{ctx.command_path} {usage}"
    yield ""
    for paragraph in (text or "").strip().split("\n"):
        yield from wrap(paragraph, _width()) or [""]


def _common(more: Iterable[Line] = (), form: str = "json") -> Iterator[str]:
    others = [(f"--{name}", say(f"cli.opt.{name}")) for name in ("offline", "debug", "help")]
    yield from _section(say("cli.help.common"), [*more, ("--json", say(f"cli.opt.{form}")), *others])


def _examples(text: str | None) -> Iterator[str]:
    if text:
        yield ""
        yield _bold(say("cli.help.examples"))
        yield from (f"{' ' * _INDENT}{line.strip()}" for line in text.strip().split("\n"))


def _section(title: str, lines: list[Line]) -> Iterator[str]:
    """A heading and a list of names with what they mean."""
    if not lines:
        return
    left = min(max(columns_of(name) for name, _ in lines), _WIDEST_NAME) + 2 * _INDENT
    yield ""
    yield _bold(title)
    for name, text in lines:
        first = " " * _INDENT + name
        wrapped = wrap(text, _width() - left) or [""]
        if columns_of(first) + _INDENT > left:
            yield first
        else:
            yield f"{first}{' ' * (left - columns_of(first))}{wrapped.pop(0)}".rstrip()
        yield from (" " * left + line for line in wrapped)


def _usage(argument: Argument) -> str:
    return _name(argument) if argument.required else f"[{_name(argument)}]"


def _name(argument: Argument) -> str:
    return str(argument.metavar or argument.name.upper()) + ("…" if argument.nargs != 1 else "")


def _option(option: Option) -> str:
    names = ", ".join(option.opts) + (f" / {option.secondary_opts[0]}" if option.secondary_opts else "")
    return names if option.is_flag else f"{names} {option.metavar or 'TEXT'}"


def _described(option: Option) -> str:
    text, default = option.words.text, option.default
    if option.required:
        return text + say("cli.help.required")
    if option.is_flag or default in (None, "", [], ()):
        return text
    return text + say("cli.help.default", value=default)


def _width() -> int:
    return max(40, min(shutil.get_terminal_size().columns - 1, _WIDEST))


def _bold(text: str) -> str:
    return text if os.environ.get("NO_COLOR") else click.style(text, bold=True)


__all__ = ["Command", "group_lines"]
