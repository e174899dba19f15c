"""Advice that names an option of another command says so: the same fault can come in several commands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from tunebook.cli.app import COMMANDS, application
from tunebook.core.messages import say

FLAG = re.compile(r"(?<![\w-])--[a-z][a-z_-]*[a-z]")
_CALL = re.compile(r"\btunebook ([a-z-]+)(?: ([a-z-]+))?")


@cache
def options_of(path: str) -> frozenset[str]:
    """The options of a command, such as `--table` of `table show`; none of a group, or of what is no command."""
    if not COMMANDS.get(path):
        return frozenset()
    command = application()
    context = command.make_context("tunebook", [], resilient_parsing=True)
    for name in path.split():
        command = command.get_command(context, name)
    options = [item for item in command.params if item.param_type_name == "option"]
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
    named = {command_of([first, second]) for first, second in _CALL.findall(advice)}
    known = frozenset[str]().union(*map(options_of, {here, *named}))
    strange = [flag for flag in dict.fromkeys(FLAG.findall(advice)) if here and flag not in known]
    owners: dict[str, list[str]] = {}
    for flag in strange:
        if owner := next((path for path in COMMANDS if flag in options_of(path)), ""):
            owners.setdefault(owner, []).append(flag)
    told = [say("cli.elsewhere", flags=", ".join(flags), owner=owner, here=here) for owner, flags in owners.items()]
    return " ".join([advice, *told])


__all__ = ["FLAG", "command_of", "fitted", "options_of"]
