"""From declared ranges to a search space: which rows a search varies, and between which ends."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from tunebook.core.errors import PlanError, TableError
from tunebook.core.nouns import ParamTable, Record
from tunebook.core.params import Declaration, Value
from tunebook.tables.declared import declared, find, normal, techniques, unknown
from tunebook.tables.in_force import replaced

USUAL = ("learning_rate", "batch_size", "warmup_ratio", "weight_decay")
_DIGITS = 3  # digits that a drawn number keeps: what comes out is a table that people read
_GRID = 3  # points of each row in a grid


class Axis(Record):
    """One row that a search varies.

    Attributes:
        name: the row; of a technique that is switched on and off, its key.
        kind: `float`, `int`, or `switch` for a whole technique.
        low, high: ends of the range, both included.
        log: drawn on a logarithmic scale.
    """

    name: str
    kind: Literal["float", "int", "switch"]
    low: float = 0
    high: float = 1
    log: bool = False

    @property
    def owner(self) -> str:
        """Key of the technique that the row belongs to; empty for a training setting."""
        key, dot, _ = self.name.partition(".")
        return key if dot else ""

    def holds(self, value: Any) -> bool:
        """Whether a value of a table lies on the axis."""
        if self.kind == "switch":
            return isinstance(value, bool)
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def draw(self, trial: Any) -> Value:
        """The value that an Optuna trial suggests."""
        if self.kind == "switch":
            return bool(trial.suggest_categorical(self.name, [False, True]))
        if self.kind == "int":
            return int(trial.suggest_int(self.name, int(self.low), int(self.high), log=self.log))
        raw = float(trial.suggest_float(self.name, self.low, self.high, log=self.log))
        short = float(f"{raw:.{_DIGITS}g}")
        return short if self.low <= short <= self.high else raw

    def points(self) -> list[Value]:
        """What a grid tries: both ends and the middle, on the axis's own scale."""
        if self.kind == "switch":
            return [False, True]
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        places = [low + (high - low) * step / (_GRID - 1) for step in range(_GRID)]
        values = [math.exp(place) if self.log else place for place in places]
        if self.kind == "int":
            return [*sorted({round(value) for value in values})]
        return [self.low, float(f"{values[1]:.{_DIGITS}g}"), self.high]


class Space(Record):
    """The rows that a search varies, switches of techniques first."""

    axes: list[Axis]

    def present(self, table: ParamTable) -> dict[str, Value]:
        """What a table has on the axes: `none` where it lies off them, nothing for a technique that is off."""
        values = table.values()
        on = {name.partition(".")[0] for name in values if "." in name}
        present = {axis.name: axis.name in on for axis in self.axes if axis.kind == "switch"}
        return present | {axis.name: values[axis.name] for axis in self.axes if axis.name in values}

    def fixed(self, table: ParamTable) -> dict[str, Value]:
        """The part of that which lies on the axes, and so can be told to a sampler."""
        axes = {axis.name: axis for axis in self.axes}
        return {name: value for name, value in self.present(table).items() if axes[name].holds(value)}

    def draw(self, trial: Any) -> dict[str, Value]:
        """What an Optuna trial suggests; rows of a technique only where it is on."""
        drawn: dict[str, Value] = {}
        for axis in self.axes:
            if drawn.get(axis.owner, True):
                drawn[axis.name] = axis.draw(trial)
        return drawn

    def grid(self) -> list[dict[str, Value]]:
        """Every combination of the axes' points, each once."""
        names = [axis.name for axis in self.axes]
        found: dict[tuple[Any, ...], dict[str, Value]] = {}
        for values in itertools.product(*(axis.points() for axis in self.axes)):
            point = dict(zip(names, values, strict=True))
            kept = {axis.name: point[axis.name] for axis in self.axes if point.get(axis.owner, True)}
            found.setdefault(tuple(kept.items()), kept)
        return list(found.values())


def make_space(
    table: ParamTable, rows: Sequence[str] = (), ranges: Mapping[str, tuple[float, float]] | None = None
) -> Space:
    """The search space of a table.

    Args:
        rows: rows to vary, by name or alias; the key of a technique lets the search switch it on and off. None given
            takes the usual ones and all rows of the techniques that are on.
        ranges: row -> narrower ends than the declared ones; such a row is varied too.

    Raises:
        TableError: `row.unknown`; `search.no_range`, a row without a declared range; `search.off`, a row of a technique
            that is off; `search.range`, ends outside of the declared ones. PlanError: `search.idle`, a row that has no
            effect beside another.
    """
    given = {_named(name): ends for name, ends in (ranges or {}).items()}
    chosen = list(dict.fromkeys([*(map(_named, rows) if rows else _usual(table)), *given]))
    switches = [name for name in chosen if name in techniques() and name not in given]
    on = {name.partition(".")[0] for name in table.rows if "." in name}
    axes = [Axis(name=name, kind="switch") for name in switches]
    known = declared()
    for name in (name for name in chosen if name not in switches):
        if name not in known:  # a technique is switched, it has no ends
            raise _no_range(name)
        owner = known[name].owner
        if owner not in ("training", *on, *switches):
            raise TableError("search.off", key=name, allowed=f"{owner},{name}", technique=owner)
        _acts(name, table)
        axes.append(_axis(known[name], given.get(name)))
    return Space(axes=axes)


def searchable(known: Iterable[Declaration]) -> list[str]:
    """Names of the rows that declare a range."""
    return [row.name for row in known if row.row.search is not None]


def _usual(table: ParamTable) -> list[str]:
    """The usual rows that act in this table, and those of its techniques."""
    values = table.values()
    usual = [name for name in USUAL if _idle(name, values) is None]
    return usual + [name for name in searchable(declared().values()) if "." in name and name in values]


def _named(name: str) -> str:
    found = find(name)
    if found is not None:
        return found.name
    if normal(name) in techniques():
        return normal(name)
    raise unknown(name)


def _axis(row: Declaration, ends: tuple[float, float] | None) -> Axis:
    declared_range = row.row.search
    if declared_range is None:
        raise _no_range(row.name)
    low, high = ends or (declared_range.low, declared_range.high)
    whole = row.kind.startswith("int")
    if not declared_range.low <= low < high <= declared_range.high or (whole and not {low % 1, high % 1} <= {0}):
        allowed = f"{declared_range.low:g} … {declared_range.high:g}"
        raise TableError("search.range", key=row.name, value=f"{low:g}..{high:g}", allowed=allowed)
    return Axis(name=row.name, kind="int" if whole else "float", low=low, high=high, log=declared_range.log)


def _no_range(name: str) -> TableError:
    return TableError("search.no_range", key=name, allowed=", ".join(searchable(declared().values())))


def _acts(name: str, table: ParamTable) -> None:
    other = _idle(name, table.values())
    if other is not None:
        raise PlanError("search.idle", key=name, value=table.values()[other], other=other)


def _idle(name: str, values: Mapping[str, Value]) -> str | None:
    """The row beside which this one has no effect."""
    other = replaced(values).get(name) or {"warmup_ratio": "warmup_steps", "max_epochs": "max_steps"}.get(name)
    return other if other is not None and values.get(other) is not None else None


__all__ = ["USUAL", "Axis", "Space", "make_space", "searchable"]
