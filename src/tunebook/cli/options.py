"""Options that several commands share, groups of options that travel as one record, and those of the data layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from tunebook.cli.parser import Words, flags_of
from tunebook.core.changes import listed, pair
from tunebook.core.errors import DataError, TunebookError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from tunebook.data.options import DataOptions

_FLAGS = {"row_id": "--id", "label_names": "--label-name"}
_CHARACTERS = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"}


def option(name: str, *flags: str, metavar: str | None = None, panel: str | None = None) -> Words:
    """An option whose words are `cli.opt.NAME` of the catalogue."""
    return Words(name, flags, metavar, panel)


def argument(name: str, metavar: str) -> Words:
    """An argument that is told by its place, whose words are `cli.opt.NAME` of the catalogue."""
    return Words(name, metavar=metavar, positional=True)


Books = Annotated[Path, argument("book", "BOOK")]
RunName = Annotated[str, option("run", "--run", metavar="RUN")]


@dataclass(frozen=True)
class Chosen:
    """Which table a run takes."""

    table: Annotated[str, option("table", "--table", metavar="vN|FILE")] = "champion"
    changes: Annotated[list[str] | None, option("set", "--set", metavar="ROW=VALUE")] = None


@dataclass(frozen=True)
class Allowed:
    """What would otherwise be refused."""

    unknown_tokens: Annotated[bool, option("allow_unknown_tokens", "--allow-unknown-tokens")] = False
    pickle: Annotated[bool, option("allow_pickle", "--allow-pickle")] = False

    @property
    def names(self) -> frozenset[str]:
        """As the verbs take it."""
        return frozenset(item.name for item in fields(self) if getattr(self, item.name))


_FORM = "form"


@dataclass(frozen=True)
class Form:
    """How files are read."""

    format: Annotated[str | None, option("format", "--format", metavar="FORMAT", panel=_FORM)] = None
    delimiter: Annotated[str | None, option("delimiter", "--delimiter", metavar="CHAR", panel=_FORM)] = None
    quotes: Annotated[str, option("quotes", "--quotes", metavar="KIND", panel=_FORM)] = "auto"
    encoding: Annotated[str | None, option("encoding", "--encoding", metavar="NAME", panel=_FORM)] = None
    header: Annotated[bool | None, option("header", "--header/--no-header", panel=_FORM)] = None
    sheet: Annotated[str | None, option("sheet", "--sheet", metavar="NAME", panel=_FORM)] = None
    hidden: Annotated[str | None, option("hidden", "--hidden", metavar="KIND", panel=_FORM)] = None
    query: Annotated[str | None, option("query", "--query", metavar="SELECT", panel=_FORM)] = None
    dataset: Annotated[str | None, option("dataset", "--dataset", metavar="NAME", panel=_FORM)] = None
    fill_down: Annotated[str | None, option("fill_down", "--fill-down", metavar="COL,…", panel=_FORM)] = None
    max_cell: Annotated[int, option("max_cell", "--max-cell", metavar="N", panel=_FORM)] = 1_000_000


def spread(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let the parser see each field of a dataclass argument as an option of its own.

    So a command with many options takes a few records instead of many arguments.
    """
    hints = get_type_hints(function, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if is_dataclass(hint) and name != "return"}
    seen: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in groups:
            seen += _fields(groups[parameter.name])
        else:
            kind = inspect.Parameter.KEYWORD_ONLY
            seen.append(parameter.replace(annotation=hints[parameter.name], kind=kind))

    @wraps(function)
    def called(**given: Any) -> Any:
        for name, group in groups.items():
            given[name] = group(**{item.name: given.pop(item.name) for item in fields(group)})  # type: ignore[operator]
        return function(**given)

    del called.__wrapped__
    called.__signature__ = inspect.Signature(seen)  # type: ignore[attr-defined]
    called.__annotations__ = {item.name: item.annotation for item in seen}
    return called


def _fields(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(
            item.name,
            kind,
            default=inspect.Parameter.empty if item.default is MISSING else item.default,
            annotation=hints[item.name],
        )
        for item in fields(group)
    ]


def repeated_options(*groups: Any, but: str = "") -> list[str]:
    """The words that say once more what was asked for with records of options, as a command that goes on needs them.

    Args:
        but: name of a field that is not to be said again.
    """
    words: list[str] = []
    for group in groups:
        hints = get_type_hints(type(group), include_extras=True)
        for item in fields(group):
            value = getattr(group, item.name)
            if item.name == but or value == item.default:
                continue
            switch = isinstance(value, bool)
            on, _, off = flags_of(hints[item.name].__metadata__[0], item.name, switch=switch)[0].partition("/")
            if switch:
                words.append(on if value else off)
            else:
                words += [word for part in (value if isinstance(value, list) else [value]) for word in (on, str(part))]
    return words


def data_options(*groups: Any) -> DataOptions:
    """The data layer's options from records of command-line options whose fields bear the same names.

    Raises:
        TunebookError: `cli.option`, a value that its option does not take.
    """
    from tunebook.core.params import allowed_text
    from tunebook.data.options import DataOptions

    given = {item.name: getattr(group, item.name) for group in groups for item in fields(group)}
    if "keep_clean" in given:
        given["clean"] = {
            **dict.fromkeys(given["clean"] or (), True),
            **dict.fromkeys(given.pop("keep_clean") or (), False),
        }
    known = {name: _read(name, value) for name, value in given.items() if name in DataOptions.model_fields}
    try:
        return DataOptions(**{name: value for name, value in known.items() if value is not None})
    except DataError as error:
        allowed = allowed_text(DataOptions.model_fields[error.key]) or say(f"cli.opt.{error.key}")
        raise wrong(flag(error.key), given[error.key], allowed) from None


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in ("annotators", "fill_down", "label_columns", "label_order", "no_label"):
        return listed(value)
    if name == "label_names":
        return dict(pair("--label-name", item, say("cli.allowed.label_name")) for item in value) or None
    if name == "delimiter":
        return _CHARACTERS.get(value.lower(), value)
    if name == "max_dropped":
        return share("--max-dropped", value)
    return value


def share(name: str, text: str) -> float:
    """A share from `5%` or `0.05`.

    Raises:
        TunebookError: `cli.option` for anything else.
    """
    from tunebook.tables.values import number

    found = number(text)
    if found is None:
        raise wrong(name, text, "5% | 0.05")
    return found


def flag(name: str) -> str:
    """How a field of the data options is called on the command line."""
    return _FLAGS.get(name, "--" + name.replace("_", "-"))


def wrong(name: str, value: Any, allowed: str) -> TunebookError:
    """The error of an option that does not take such a value."""
    return TunebookError("cli.option", key=name, value=value, allowed=allowed)


__all__ = [
    "Allowed",
    "Books",
    "Chosen",
    "Form",
    "RunName",
    "argument",
    "data_options",
    "flag",
    "listed",
    "option",
    "pair",
    "repeated_options",
    "share",
    "spread",
    "wrong",
]
