"""All commands, in the order in which one needs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.main import get_command

from tunebook.cli.check import check
from tunebook.cli.demo import demo
from tunebook.cli.doctor import doctor
from tunebook.cli.evaluate import evaluate
from tunebook.cli.help import Command, Group
from tunebook.cli.init import init
from tunebook.cli.options import spread
from tunebook.cli.predict import predict
from tunebook.cli.runs import runs
from tunebook.cli.tables import table_diff, table_export, table_import, table_list, table_set, table_show
from tunebook.cli.train import train
from tunebook.core.messages import say

_COMMANDS: dict[str, Callable[..., Any]] = {
    "demo": demo,
    "init": init,
    "check": check,
    "train": train,
    "eval": evaluate,
    "predict": predict,
    "runs": runs,
    "doctor": doctor,
}
_TABLE_COMMANDS: dict[str, Callable[..., Any]] = {
    "show": table_show,
    "list": table_list,
    "set": table_set,
    "diff": table_diff,
    "import": table_import,
    "export": table_export,
}
_EXAMPLES = {
    "init": """tunebook init book --data reviews.csv
        tunebook init book --data train.csv --validation dev.csv --test test.csv --text title --label topic
        tunebook init book --data sample:en""",
    "check": """tunebook check book
        tunebook check book --table v2 --set batch_size=16""",
    "train": """tunebook train book
        tunebook train book --table v2 --set learning_rate=5e-5 --set max_epochs=4
        tunebook train book --dry-run""",
    "eval": """tunebook eval book
        tunebook eval book --run 20250101 --split validation""",
    "predict": """tunebook predict book "my parcel has not come"
        tunebook predict book --file new.csv --out answers.csv""",
    "table set": """tunebook table set book learning_rate=5e-5 batch_size=16 --note "smaller steps" """,
    "table export": "tunebook table export book table.xlsx",
    "demo": "tunebook demo",
}


def application() -> Any:
    """The command `tunebook` with all that is under it."""
    app = _group("")
    for name, function in _COMMANDS.items():
        _add(app, name, name, function)
    table = _group("table")
    for name, function in _TABLE_COMMANDS.items():
        _add(table, name, f"table {name}", function)
    app.add_typer(table, name="table", help=say("cli.help.table"), epilog=_EXAMPLES["table set"])
    return get_command(app)


def _group(name: str) -> typer.Typer:
    app = typer.Typer(
        cls=Group,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        help=say("cli.help.root") if not name else None,
        epilog="tunebook demo\ntunebook init book --data reviews.csv\ntunebook train book" if not name else None,
    )
    app.callback()(_whole)
    return app


def _whole() -> None:
    """A group of commands has no work of its own."""


def _add(app: typer.Typer, name: str, path: str, function: Callable[..., Any]) -> None:
    text = say(f"cli.help.{path.replace(' ', '_')}")
    app.command(name, cls=Command, help=text, epilog=_EXAMPLES.get(path))(spread(function))


__all__ = ["application"]
