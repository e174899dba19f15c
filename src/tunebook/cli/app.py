"""All commands, in the order in which one needs them; the module of a command is loaded when it is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

import click

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
    "calibrate": "calibrate:calibrate",
    "review": "review:review",
    "monitor": "monitor:monitor",
    "drift": "drift:drift",
    "merge": "soup:merge",
    "soup": "soup:soup",
    "ab": "ab:ab",
    "auto": "auto:auto",
    "promote": "promote:promote",
    "rollback": "promote:rollback",
    "serve": "serve:serve",
    "rollout": "",
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
}
EXAMPLES = {  # a name in braces is a text in the reader's language, cli.example.NAME
    "": ("tunebook demo", "tunebook init book --data reviews.csv", "tunebook train book"),
    "demo": ("tunebook demo",),
    "init": (
        "tunebook init book --data reviews.csv",
        "tunebook init book --data train.csv --test test.csv --text title --label topic",
        "tunebook init book --data sample:en",
    ),
    "bases": ("tunebook bases book", "tunebook bases book --model builtin:multilingual --model bert-base-chinese"),
    "check": ("tunebook check book", "tunebook check book --table v2 --set batch_size=16"),
    "train": (
        "tunebook train book",
        "tunebook train book --table v2 --set learning_rate=5e-5 --set max_epochs=4",
        "tunebook train book --dry-run",
    ),
    "eval": ("tunebook eval book", "tunebook eval book --split validation"),
    "predict": (
        'tunebook predict book "{parcel}"',
        "tunebook predict book --file new.csv --out answers.csv",
    ),
    "chat": ("tunebook chat book", "tunebook chat book --system '{kind}' --temperature 0.7 --seed 1"),
    "rerank": (
        "tunebook rerank book '{query}' passages.txt --top-k 5",
        "tunebook rerank book --first bm25 --depth 50",
    ),
    "stages": ("tunebook stages book", "tunebook stages book --set pretrain.file=raw.txt"),
    "mine": (
        "tunebook mine book --into mined.jsonl",
        "tunebook mine pairs.jsonl --into mined.jsonl --ranks 5-50 --negatives 4",
        "tunebook mine book --into scored.jsonl --scores reranker",
    ),
    "embed": ("tunebook embed book passages.csv --into vectors.parquet --text body",),
    "search": ('tunebook search book vectors.parquet "{parcel}"',),
    "calibrate": ("tunebook calibrate book", "tunebook calibrate book --precision 0.95"),
    "review": (
        "tunebook review book --format schema.json",
        "tunebook review book --judge http://localhost:8000/v1=MODEL --against lead",
    ),
    "monitor": ("tunebook monitor book", "tunebook monitor book --hours 1 --every 60"),
    "drift": (
        "tunebook drift book",
        "tunebook drift book --rows new.csv --window 200",
        "tunebook drift book --ack",
    ),
    "merge": ("tunebook merge book/runs/RUN --into merged",),
    "soup": ("tunebook soup book", "tunebook soup book RUN RUN RUN --method uniform"),
    "ab": (
        "tunebook ab book v1 v2",
        "tunebook ab book v1 v2 --seeds 10 --delta 1pt --guard time=20% --effects",
        "tunebook ab book v1 v2 --challenge hard.csv --prices prices.toml --promote",
    ),
    "auto": ("tunebook auto book --minutes 30", "tunebook auto book --minutes 60 --try 10"),
    "table": ("tunebook table show book", "tunebook table set book learning_rate=5e-5 --note '{note}'"),
    "table recommend": (
        "tunebook table recommend book",
        "tunebook table recommend book --for memory=2GB --scale-rate sqrt",
        "tunebook table recommend book --edge --dry-run",
    ),
    "techniques": ("tunebook techniques", "tunebook techniques layer_decay"),
    "table set": ("tunebook table set book learning_rate=5e-5 batch_size=16 --note '{note}'",),
    "table diff": ("tunebook table diff book v1 v2", "tunebook table diff book champion table.xlsx --html diff.html"),
    "import-config": (
        "tunebook import-config llama3_lora_sft.yaml --out table.yaml",
        "tunebook import-config train.sh --book book",
    ),
    "table import": ("tunebook table import book table.xlsx",),
    "table export": ("tunebook table export book table.xlsx --table v2",),
    "table log": ("tunebook table log book", "tunebook table log book --verify"),
    "table history": ("tunebook table history book", "tunebook table history book --out changes.html"),
    "completion": ("tunebook completion bash", "tunebook completion zsh"),
    "find": ("tunebook find rate book", "tunebook find batch book"),
    "find rate": ("tunebook find rate book", "tunebook find rate book --set optimizer=sgd --low 1e-4 --steps 150"),
    "find batch": ("tunebook find batch book", "tunebook find batch book --set max_length=256"),
    "promote": (
        "tunebook promote book v2 --reason '{proven}'",
        "tunebook promote book v2 --force --reason '{agreed}'",
    ),
    "rollback": ("tunebook rollback book --reason '{slow}'", "tunebook rollback book --to v1 --reason '{wrong}'"),
    "serve": (
        "tunebook serve book",
        "tunebook serve book --host 0.0.0.0 --port 8080 --prefix /nlp --api-key-file keys.txt --workers 2",
    ),
    "rollout": ("tunebook rollout start book champion", "tunebook rollout status book"),
    "rollout start": (
        "tunebook rollout start book champion",
        "tunebook rollout start book RUN --stages 0,10,50,100 --min-requests 500 --metric bought",
    ),
    "rollout next": ("tunebook rollout next book --reason '{agreed}'",),
    "rollout finish": ("tunebook rollout finish book --reason '{agreed}'",),
    "rollout abort": ("tunebook rollout abort book --reason '{wrong}'",),
    "rollout back": ("tunebook rollout back book --reason '{wrong}'",),
    "knowledge": ("tunebook knowledge search '{found}'", "tunebook knowledge effects learning_rate"),
    "knowledge index": ("tunebook knowledge index book other-book",),
    "knowledge search": (
        "tunebook knowledge search '{found_more}'",
        "tunebook knowledge search --language zh --rows 100-2000 --row learning_rate",
    ),
    "knowledge effects": ("tunebook knowledge effects learning_rate", "tunebook knowledge effects fgm --language zh"),
    "knowledge export": ("tunebook knowledge export lessons.jsonl",),
    "knowledge import": ("tunebook knowledge import lessons.jsonl",),
    "table search": (
        "tunebook table search book --runs 20",
        "tunebook table search book --rows learning_rate,batch_size --range learning_rate=1e-5..1e-4 --minutes 30",
    ),
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


__all__ = ["COMMANDS", "EXAMPLES", "FLAG", "Commands", "application", "command_of", "examples", "fitted", "options_of"]
