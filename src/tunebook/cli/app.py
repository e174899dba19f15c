"""All commands, in the order in which one needs them; the module of a command is loaded when it is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

import click

from tunebook.cli.examples import EXAMPLES
from tunebook.cli.help import Command, group_lines
from tunebook.core.errors import TunebookError, near
from tunebook.core.messages import say

if TYPE_CHECKING:
    from tunebook.cli.answer import Answer

COMMANDS = {
    "demo": "demo:demo",
    "init": "init:init",
    "bases": "bases:bases",
    "check": "check:check",
    "train": "train:train",
    "eval": "evaluate:evaluate",
    "predict": "predict:predict",
    "chat": "chat:chat",
    "rerank": "rerank:rerank",
    "runs": "runs:runs",
    "stages": "runs:stages",
    "mine": "mine:mine",
    "embed": "embed:embed",
    "search": "embed:search",
    "errors": "errors:errors",
    "correct": "correct:correct",
    "calibrate": "calibrate:calibrate",
    "challenge": "challenge:challenge",
    "explain": "explain:explain",
    "review": "review:review",
    "rate": "rate:rate",
    "monitor": "monitor:monitor",
    "drift": "drift:drift",
    "export": "export:export",
    "merge": "soup:merge",
    "soup": "soup:soup",
    "ab": "ab:ab",
    "auto": "auto:auto",
    "curve": "curve:curve",
    "promote": "promote:promote",
    "rollback": "promote:rollback",
    "serve": "serve:serve",
    "rollout": "",
    "ui": "ui:ui",
    "requests": "",
    "retrain": "retrain:retrain",
    "table": "",
    "knowledge": "",
    "techniques": "techniques:techniques",
    "import-config": "import_config:import_config",
    "doctor": "check:doctor",
    "completion": "completion:completion",
    "find": "",
    "find rate": "search:find_rate",
    "find batch": "search:find_batch",
    "table show": "tables:table_show",
    "table list": "tables:table_list",
    "table set": "tables:table_set",
    "table diff": "tables:table_diff",
    "table import": "tables:table_import",
    "table export": "tables:table_export",
    "table log": "promote:table_log",
    "table history": "promote:table_history",
    "rollout start": "rollout:rollout_start",
    "rollout status": "rollout:rollout_status",
    "rollout step": "rollout:rollout_step",
    "rollout next": "rollout:rollout_next",
    "rollout finish": "rollout:rollout_finish",
    "rollout abort": "rollout:rollout_abort",
    "rollout back": "rollout:rollout_back",
    "rollout deploy": "rollout:rollout_deploy",
    "rollout log": "rollout:rollout_log",
    "knowledge index": "knowledge:knowledge_index",
    "knowledge search": "knowledge:knowledge_search",
    "knowledge effects": "knowledge:knowledge_effects",
    "knowledge export": "knowledge:knowledge_export",
    "knowledge import": "knowledge:knowledge_import",
    "table search": "search:table_search",
    "table recommend": "techniques:table_recommend",
    "requests show": "requests:requests_show",
    "requests export": "requests:requests_export",
    "requests feedback": "requests:requests_feedback",
}
_SETTINGS = {"help_option_names": ["--help", "-h"]}
_NAME = r"\{(\w+)\}"
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z_-]*[a-z]")
_CALL = r"\btunebook ([a-z-]+)(?: ([a-z-]+))?"


class Commands(click.Group):
    """A group that builds a command when it is asked for."""

    path = ""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of the commands right under this group."""
        prefix = f"{self.path} ".lstrip()
        names = [path.removeprefix(prefix) for path in COMMANDS if path.startswith(prefix) and path != self.path]
        return [name for name in names if " " not in name]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name.

        Raises:
            TunebookError: `cli.no_command`.
        """
        names = self.list_commands(ctx)
        if cmd_name not in names:
            known = {"key": cmd_name, "allowed": " | ".join(names), "near": _likest(cmd_name, self.path, names)}
            raise TunebookError("cli.no_command", command=ctx.command_path, **known)
        return _command(f"{self.path} {cmd_name}".lstrip())

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help into the parser's formatter, without loading a command."""
        formatter.write("\n".join(group_lines(self, ctx, self.lines(ctx))) + "\n")

    def lines(self, ctx: Any) -> list[tuple[str, str]]:
        """The name of each command right under this group, and what it does in a line."""
        paths = [(name, f"{self.path} {name}".lstrip()) for name in self.list_commands(ctx)]
        return [(name, _help(path).partition("\n")[0]) for name, path in paths]


def _likest(name: str, path: str, names: list[str]) -> str:
    """Which command was meant: one of these, or one of another group that is called so."""
    elsewhere = next((known for known in COMMANDS if known.split()[-1] == name and known not in names), "")
    return say("error.near", nearest=elsewhere) if elsewhere and elsewhere != path else near(name, names)


def application() -> Commands:
    """The command `tunebook`."""
    return _group("")


def examples(path: str) -> list[str]:
    """The examples of a command, their notes and texts in the reader's language."""
    return [re.sub(_NAME, lambda name: say(f"cli.example.{name[1]}"), line) for line in EXAMPLES.get(path, ())]


def _help(path: str) -> str:
    return say(f"cli.help.{path.replace(' ', '_') or 'root'}")


@cache
def _command(path: str) -> click.Command:
    if not COMMANDS[path]:
        return _group(path)
    from tunebook.cli.options import spread
    from tunebook.cli.parser import parameters

    module, _, function = COMMANDS[path].partition(":")
    call = spread(getattr(import_module(f"tunebook.cli.{module}"), function))
    words: dict[str, Any] = {"help": _help(path), "epilog": "\n".join(examples(path))}
    settings = {**_SETTINGS, "allow_extra_args": True}  # which `Command` refuses in words of ours
    params = parameters(signature(call).parameters.values())
    return Command(path.rpartition(" ")[2], context_settings=settings, callback=call, params=params, **words)


def _group(path: str) -> Commands:
    words: dict[str, Any] = {"help": _help(path), "epilog": "\n".join(examples(path))}
    group = Commands(path, context_settings=_SETTINGS, invoke_without_command=True, callback=_whole, **words)
    group.path = path
    return group


@click.pass_context
def _whole(ctx: click.Context) -> Answer | None:
    """A group of commands has no work of its own: alone it shows its help, to machines what each command does."""
    if ctx.invoked_subcommand is not None:
        return None
    if not (ctx.obj and ctx.obj.json):
        click.echo(ctx.get_help())
        return None
    from tunebook.cli.answer import Answer

    assert isinstance(ctx.command, Commands)
    return Answer({"commands": dict(ctx.command.lines(ctx))}, lambda screen: None)


@cache
def options_of(path: str) -> frozenset[str]:
    """The options of a command, such as `--table` of `table show`; none of a group, or of what is no command."""
    if not COMMANDS.get(path):
        return frozenset()
    options = [item for item in _command(path).params if item.param_type_name == "option"]
    return frozenset(flag for item in options for flag in (*item.opts, *item.secondary_opts))


def command_of(words: Sequence[str]) -> str:
    """The command with which a line begins; empty where there is none."""
    paths = (" ".join(words[:length]) for length in (2, 1))
    return next((path for path in paths if COMMANDS.get(path)), "")


def fitted(advice: str, words: Sequence[str]) -> str:
    """The advice, and behind it whose the options in it are that the command at work does not take.

    Args:
        words: what stands behind `tunebook`.
    """
    here = command_of(words)
    named = {command_of([first, second]) for first, second in re.findall(_CALL, advice)}
    known = frozenset[str]().union(*map(options_of, {here, *named}))
    strange = [flag for flag in dict.fromkeys(FLAG.findall(advice)) if here and flag not in known]
    owners: dict[str, list[str]] = {}
    for flag in strange:
        if owner := next((path for path in COMMANDS if flag in options_of(path)), ""):
            owners.setdefault(owner, []).append(flag)
    told = [say("cli.elsewhere", flags=", ".join(flags), owner=owner, here=here) for owner, flags in owners.items()]
    return " ".join([advice, *told])


__all__ = ["COMMANDS", "FLAG", "Commands", "application", "command_of", "examples", "fitted", "options_of"]
