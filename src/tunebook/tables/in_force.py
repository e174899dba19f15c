"""What a table trains with, and what differs between two tables.

Rows of techniques may take the place of a training setting, as a method's own rate does of the table's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from tunebook.core.messages import say
from tunebook.core.nouns import ParamTable, Plan, TableRow
from tunebook.core.params import Value, build
from tunebook.core.settings import Settings
from tunebook.tables.catalogue import catalogue
from tunebook.tables.declared import settings_rows

OFF = "off"


def replaced(rows: Collection[str]) -> dict[str, str]:
    """Training setting -> the row that takes its place, among the names of a table's rows."""
    switched = {name.partition(".")[0] for name in rows if "." in name}
    known = catalogue() if switched else {}
    instead = {row.name: row.row.replaces for key in switched & known.keys() for row in known[key].rows}
    return {instead[name]: name for name in rows if instead.get(name)}


def used(row: str, values: Mapping[str, Any]) -> tuple[str, Any]:
    """The row that counts for a training setting, and its value."""
    name = replaced(values).get(row, row)
    return name, values[name]


def peak_rate(plan: Plan) -> tuple[str, float]:
    """The row that says how large a step is at most in a plan's training, and its value.

    Techniques that multiply it for a part of the model (head_rate, layer_decay) are not counted in.
    """
    name, value = used("learning_rate", flat(plan.params.model_dump(), plan.techniques))
    return name, float(value)


def peak_reached(plan: Plan, steps: int) -> float:
    """The largest step size of the first so many steps: less than the peak only where warm-up had not ended."""
    rate, warmup = peak_rate(plan)[1], plan.params.warmup_steps
    return rate * min(1.0, max(steps - 1, 0) / warmup) if warmup else rate


def idle(values: Mapping[str, Any], changed: Iterable[str]) -> list[dict[str, Any]]:
    """A warning for each changed setting that trains nothing, since a technique's row takes its place.

    Each is {"code", "message", "fields"}.
    """
    instead = replaced(values)
    found = [(row, instead[row]) for row in changed if row in instead]
    return [
        {
            "code": "table.replaced",
            "message": say("table.replaced", row=row, value=values[row], own=own, now=values[own]),
            "fields": {"row": row, "replaced_by": own, "value": values[own]},
        }
        for row, own in found
    ]


def giving_way(table: ParamTable, asked: Collection[str]) -> dict[str, str]:
    """Key of each technique of a table that was only proposed and cannot stand beside one that is asked for -> a
    sentence that says so.

    Args:
        asked: keys of techniques, of those in the table too; others count for nothing.
    """
    here = {name.rpartition(".")[0] for name in table.rows if "." in name}
    new = set(asked) - here
    known = catalogue() if here and new else {}
    gone = {}
    for key in sorted(here & known.keys() - set(asked)):
        rows = [row for name, row in table.rows.items() if name.rpartition(".")[0] == key]
        proposed = any(row.recommended is not None for row in rows) and not any(map(by_hand, rows))
        if proposed and (rivals := new.intersection(known[key].excludes)):
            gone[key] = say("table.gave_way", old=key, new=min(rivals))
    return gone


def by_hand(row: TableRow) -> bool:
    """Whether a row's value is neither what was recommended for it nor, without that, its default."""
    return row.value != (row.default if row.recommended is None else row.recommended)


def flat(settings: Mapping[str, Any], techniques: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Settings and the techniques' fields under the names of a table's rows, as a plan has them."""
    own = {f"{key}.{field}": value for key, fields in techniques.items() for field, value in fields.items()}
    return {**settings, **own}


def settings_of(table: ParamTable) -> Settings:
    """The training settings; a row that the table lacks (an old version) has its default.

    Raises:
        TableError: `row.value`, `row.together` or `row.unknown` where the table was made by hand.
    """
    return build(Settings, {name: value for name, value in table.values().items() if "." not in name})


def techniques_of(table: ParamTable) -> dict[str, dict[str, Value]]:
    """Key -> field -> value of each technique that is on. Imports no technique and checks nothing."""
    found: dict[str, dict[str, Value]] = {}
    for name, value in table.values().items():
        key, dot, field = name.partition(".")
        if dot:
            found.setdefault(key, {})[field] = value
    return found


def diff(a: ParamTable, b: ParamTable) -> list[dict[str, Any]]:
    """Rows whose values differ, as `{"row", "from", "to"}`, in the order of the tables.

    A row that one of them lacks has `off` on that side, for its technique is off there; a training setting that an old
    version lacks has its default, which is what trains. Notes, reasons, defaults and recommendations do not count: they
    train nothing.
    """
    names = list(dict.fromkeys([*a.rows, *b.rows]))
    pairs = [(name, in_force(a, name), in_force(b, name)) for name in names]
    return [{"row": name, "from": before, "to": after} for name, before, after in pairs if before != after]


def in_force(table: ParamTable, name: str) -> Value:
    """What a table trains with for a row, whether it has the row or not."""
    row = table.rows.get(name)
    if row is not None:
        return row.value
    declared = settings_rows().get(name)
    return declared.default if declared else OFF


__all__ = [
    "OFF",
    "by_hand",
    "diff",
    "flat",
    "giving_way",
    "idle",
    "in_force",
    "peak_rate",
    "peak_reached",
    "replaced",
    "settings_of",
    "techniques_of",
    "used",
]
