"""Every parameter that a table may hold, and the names that people give them."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache

from tunebook.core import registry
from tunebook.core.errors import MachineError, TableError
from tunebook.core.messages import say
from tunebook.core.params import Declaration, Params, declarations
from tunebook.core.settings import Settings
from tunebook.core.technique import Technique


def techniques() -> dict[str, type[Technique]]:
    """Key -> technique or stage: what rows of a table switch on.

    Importing them may import torch, so ask for the settings alone where those are enough.

    Raises:
        MachineError: `table.techniques` where a library that a technique needs is not installed.
    """
    with _missing_libraries():
        return {**registry.techniques(), **registry.stages()}


def switches() -> dict[str, type[Params]]:
    """Key -> what has rows of its own in a table: techniques, stages and tasks. Raises as `techniques`."""
    return {**techniques(), **registry.own_rows()}


def group(owner: str) -> type[Params]:
    """The record that declares the rows of an owner: `training`, or the key of a technique, a stage or a task."""
    return Settings if owner == "training" else _alone(owner) or switches()[owner]


def settings_rows() -> dict[str, Declaration]:
    """Name -> declaration of every training setting; imports no technique."""
    return _rows((Settings,))


def technique_rows() -> dict[str, Declaration]:
    """Name -> declaration of every row of every technique, and of every task that has rows of its own."""
    return _rows(tuple(switches().values()))


def declared() -> dict[str, Declaration]:
    """Name -> declaration of every row: the settings first, then each technique's."""
    return {**settings_rows(), **technique_rows()}


def rows_of(owners: Iterable[str]) -> dict[str, Declaration]:
    """The settings' rows and those of some techniques, stages and tasks; where all are techniques of Tunebook, no
    others are imported.

    Raises:
        MachineError: as `techniques`.
    """
    wanted = sorted({*owners} - {"training"})
    alone = [found for key in wanted if (found := _alone(key))]
    if len(alone) == len(wanted):
        return _rows((Settings, *alone))
    return {name: row for name, row in declared().items() if row.owner in {"training", *wanted}}


def _alone(key: str) -> type[Technique] | None:
    with _missing_libraries():
        return registry.own_technique(key)


@contextmanager
def _missing_libraries() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise MachineError("table.techniques", key=error.name or "torch") from error


def aliases() -> dict[str, str]:
    """Alias -> name.

    Raises:
        TableError: `row.alias` for an alias that stands for two parameters, or is itself a parameter's name.
    """
    return _aliases((Settings, *switches().values()))


def find(name: str) -> Declaration | None:
    """The declaration that a name or an alias means; None if there is none.

    Case, hyphens and full-width letters do not matter. A name of the settings is found without importing techniques,
    one of a technique without importing others.
    """
    plain = normal(name)
    owner = plain.rpartition(".")[0]
    alone = _alone(owner) if owner else None
    known = settings_rows() if alone is None else _rows((alone,))
    found = known.get(plain) or known.get(_aliases((Settings,)).get(plain, ""))
    return found or technique_rows().get(aliases().get(plain, plain))


def normal(name: str) -> str:
    """A name as declarations write it: half-width, lower case, underscores."""
    return re.sub(r"[\s\-]+", "_", unicodedata.normalize("NFKC", name).strip().lower())


def nearest(name: str) -> str | None:
    """The declared name, or the technique, that a misspelt one most likely means; None if nothing is like it."""
    known = {**{row: row for row in (*declared(), *switches())}, **aliases()}
    found = difflib.get_close_matches(normal(name), known, n=1)
    return known[found[0]] if found else None


def unknown(name: str) -> TableError:
    """The error for a name that is no parameter's, with the nearest one that is (or with the techniques there are)."""
    found = nearest(name)
    near = say("error.near", nearest=found) if found else say("row.techniques", names=", ".join(sorted(techniques())))
    return TableError("row.unknown", key=name, near=near)


@cache
def _rows(groups: tuple[type[Params], ...]) -> dict[str, Declaration]:
    return {row.name: row for one in groups for row in declarations(one)}


@cache
def _aliases(groups: tuple[type[Params], ...]) -> dict[str, str]:
    rows = _rows(groups)
    found: dict[str, str] = {}
    for row in rows.values():
        for alias in row.row.aliases:
            if alias in found or alias in rows:
                raise TableError("row.alias", key=alias, first=found.get(alias, alias), second=row.name)
            found[alias] = row.name
    return found


__all__ = [
    "aliases",
    "declared",
    "find",
    "group",
    "nearest",
    "normal",
    "rows_of",
    "settings_rows",
    "switches",
    "technique_rows",
    "techniques",
    "unknown",
]
