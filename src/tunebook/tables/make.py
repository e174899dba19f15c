"""Make a full table from the few values that somebody gave, or a child of a table from what changes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tunebook.core import registry
from tunebook.core.errors import TableError
from tunebook.core.localized import Localized
from tunebook.core.messages import language, say
from tunebook.core.nouns import ParamTable, TableRow
from tunebook.core.params import Declaration, Value, build
from tunebook.tables.declared import (
    declared,
    find,
    group,
    nearest,
    normal,
    rows_of,
    settings_rows,
    switches,
    unknown,
)
from tunebook.tables.in_force import giving_way
from tunebook.tables.values import NO, NOTHING, YES, number, read_value, word

ABSENT: Any = object()
_FEW = 5  # wrong names that an error tells of


@dataclass(frozen=True)
class Given:
    """One row as somebody gave it, unread; what was not given is ABSENT or empty."""

    value: Any = ABSENT
    default: Any = ABSENT
    recommended: Any = ABSENT
    description: str = ""
    reason: str = ""
    effect: Any = None


def new_table(
    values: Mapping[str, Any],
    *,
    reasons: Mapping[str, str] | None = None,
    recommended: Mapping[str, Any] | None = None,
    note: str = "",
    owner: str = "",
) -> ParamTable:
    """A full table: every training setting, and every row of each technique of which any row is given.

    Names may be aliases; the table's note then says what was renamed. `fgm=on` switches a technique on with all its
    defaults, `fgm=off` leaves it out.

    Args:
        values: name -> value as people write it.
        reasons: name -> why.
        recommended: name -> what was proposed for the data.

    Raises:
        TableError: `row.unknown`, `row.value`, `row.off`, `row.twice`, `row.together`.
    """
    parts: dict[str, dict[str, Any]] = {name: {"value": value} for name, value in values.items()}
    for field, column in (("reason", reasons or {}), ("recommended", recommended or {})):
        for name, item in column.items():
            parts.setdefault(name, {})[field] = item
    return make_table({name: Given(**part) for name, part in parts.items()}, note=note, owner=owner)


def child(
    table: ParamTable,
    changes: Mapping[str, Any],
    note: str = "",
    owner: str = "",
    *,
    reasons: Mapping[str, str] | None = None,
) -> ParamTable:
    """A table that differs from its parent in some rows; all others are the parent's own.

    `fgm.epsilon=0.5` changes a row, and switches the technique on where it was off; `fgm=on` switches it on with its
    defaults, `fgm=off` takes all its rows out. A changed row has the note as its reason, unless `reasons` gives one,
    and no effect yet.

    Raises:
        TableError: as for `new_table`.
    """
    named, switches, renamed = _named({name: Given(value=value) for name, value in changes.items()})
    owners = {"training", *map(_owner, named), *(key for key, on in switches.items() if on)}
    gone = giving_way(table, owners)
    switches.update(dict.fromkeys(gone, False))
    kept = {name: row for name, row in table.rows.items() if switches.get(_owner(name), True)}
    older = [name for name in kept if _owner(name) in owners and getattr(find(name), "name", None) != name]
    asked, _, moved = _named({name: _given(kept.pop(name)) for name in older})
    owners |= set(map(_owner, asked))
    known = settings_rows() if owners == {"training"} else rows_of({*owners, *map(_owner, kept)})
    for name, given in named.items():
        old = _given(kept[name]) if name in kept else Given()
        asked[name] = replace(old, value=given.value, reason=(reasons or {}).get(name, note), effect=None)
    kept |= {name: _row(known[name], given) for name, given in asked.items()}
    wanted = {name: row for name, row in known.items() if row.owner in owners}
    kept |= {name: _row(row, Given()) for name, row in wanted.items() if name not in kept}
    _check_together(kept, owners)
    rows = {name: kept[name] for name in dict.fromkeys([*known, *kept]) if name in kept}
    words = "; ".join(part for part in (tidy(note), renamed, moved, *gone.values()) if part)
    return ParamTable(rows=rows, parent=table.version or None, note=words, owner=tidy(owner))


def _owner(name: str) -> str:
    """Whose row a declared name is: of the training settings, or of a technique."""
    return name.rpartition(".")[0] or "training"


def _check_together(rows: Mapping[str, TableRow], owners: Iterable[str]) -> None:
    """Refuse values of an owner that contradict each other."""
    for key in sorted(owners):
        build(group(key), {name.rpartition(".")[2]: row.value for name, row in rows.items() if _owner(name) == key})


def inherit(table: ParamTable, parent: ParamTable, reason: str = "") -> ParamTable:
    """A table from a file, completed by what its parent knows and the file does not say.

    A row with its parent's value keeps the parent's reason, recommendation, effect, description and default; one of
    which the file says nothing new is the parent's own.

    Args:
        reason: why rows have another value that say no reason of their own.
    """
    rows = {name: _inherited(name, row, parent.rows.get(name), reason) for name, row in table.rows.items()}
    return table.model_copy(update={"rows": rows})


def _inherited(name: str, row: TableRow, old: TableRow | None, reason: str) -> TableRow:
    if old is None or old.value != row.value:
        return row.model_copy(update={"reason": row.reason or reason})
    declared = find(name)
    own = declared is None or row.description not in (declared.row.text, declared.row.zh)
    usual = declared is not None and row.default == _read(declared, ABSENT)
    made = row.model_copy(
        update={
            "default": old.default if usual else row.default,
            "reason": row.reason or old.reason,
            "recommended": old.recommended if row.recommended is None else row.recommended,
            "effect": old.effect if row.effect is None else row.effect,
            "description": row.description if own else old.description,
        }
    )
    return old if made == old else made  # whose reason may be more than its text


def _given(row: TableRow) -> Given:
    recommended = ABSENT if row.recommended is None else row.recommended
    return Given(row.value, row.default, recommended, row.description, row.reason, row.effect)


def make_table(given: Mapping[str, Given], *, note: str = "", owner: str = "") -> ParamTable:
    """A full table from rows as given, each read and checked against its declaration.

    Raises:
        TableError: as for `new_table`.
    """
    named, switches, renamed = _named(given)
    owners = {name.partition(".")[0] for name in named if "." in name} | {key for key, on in switches.items() if on}
    rows = {name: _row(row, named.get(name, Given())) for name, row in rows_of(owners).items()}
    _check_together(rows, {"training", *owners})
    return ParamTable(rows=rows, note="; ".join(part for part in (tidy(note), renamed) if part), owner=tidy(owner))


def _named(given: Mapping[str, Given]) -> tuple[dict[str, Given], dict[str, bool], str]:
    """Rows under their declared names, techniques switched on or off by their bare key, and what was renamed."""
    rows: dict[str, Given] = {}
    switches: dict[str, bool] = {}
    origin: dict[str, str] = {}
    _check_names(given)
    for name, row in given.items():
        found = find(name)
        real = found.name if found else normal(name)
        if real in origin:
            raise TableError("row.twice", key=real, first=origin[real], second=name)
        origin[real] = name
        if found:
            rows[real] = row
        else:
            switches[real] = _state(real, row.value)
    for real in rows:
        key = real.partition(".")[0]
        if not switches.get(key, True):
            raise TableError("row.together", key=key, reason=f"{key} = off, {origin[real]}")
    pairs = ", ".join(f"{old} -> {new}" for new, old in origin.items() if normal(old) != new)
    return rows, switches, say("table.renamed", pairs=pairs) if pairs else ""


def _check_names(given: Mapping[str, Given]) -> None:
    """Refuse names that are no parameters; of many, the first few are named."""
    wrong = [name for name in given if find(name) is None and normal(name) not in switches()]
    if len(wrong) == 1:
        raise unknown(wrong[0])
    if wrong:
        first = wrong[:_FEW]
        pairs = [f"{name} -> {found}" for name in first if (found := nearest(name))]
        key = ", ".join(map(repr, first)) + (" …" if len(wrong) > _FEW else "")
        near = say("error.near", nearest=", ".join(pairs)) if pairs else ""
        raise TableError("row.unknown_many", key=key, count=len(wrong), near=near)


def _state(key: str, given: Any) -> bool:
    """On or off, of a bare technique's name."""
    if given is True or word(given) in YES:
        return True
    if given is None or given is False or word(given) in NO | NOTHING:
        return False
    raise TableError("row.value", key=key, value=None if given is ABSENT else given, allowed="on | off")


def _row(declaration: Declaration, given: Given) -> TableRow:
    default = _read(declaration, given.default)
    recommended = _read(declaration, given.recommended)
    if given.value is not ABSENT:
        value = read_value(declaration, given.value)
    else:
        value = recommended if given.recommended is not ABSENT else default
    words = declaration.row.zh if language() == "zh" else declaration.row.text
    return TableRow(
        value=value,
        default=default,
        recommended=recommended if given.recommended is not ABSENT else None,
        description=tidy(given.description) or words,
        reason=tidy(given.reason),
        effect=_effect(declaration, given.effect),
    )


def _read(declaration: Declaration, given: Any) -> Value:
    if given is not ABSENT:
        return read_value(declaration, given)
    return list(declaration.default) if isinstance(declaration.default, tuple) else declaration.default


def _effect(declaration: Declaration, given: Any) -> float | None:
    found = number(given)
    if found is None and given is not None:
        raise TableError("row.effect", key=declaration.name, value=given)
    return found


def tidy(text: str) -> str:
    """A text without ends of white space, control characters and halves of characters: every format can carry it."""
    if isinstance(text, Localized):
        return text
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return "".join(char for char in lines if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs")).strip()


def nested(table: ParamTable, entries: Sequence[str], row: str) -> ParamTable:
    """A stage's table with the techniques that a row of the stage names.

    An entry is what `tunebook table set` takes of a technique: `ema`, `fgm.epsilon=0.3`, or `fgm=off`, which takes out
    what the table has.

    Args:
        row: the row of the stage that holds the entries, such as `pretrain.techniques`.

    Raises:
        TableError: `stages.setting`, `stages.inner`: an entry is no technique's; `row.twice`; else as `child`.
    """
    return child(table, read_entries(entries, row)) if entries else table


def read_entries(entries: Sequence[str], row: str) -> dict[str, Any]:
    """Name -> value of each entry, unread; a technique alone is switched on. Raises as `nested`."""
    found: dict[str, Any] = {}
    first: dict[str, str] = {}
    for entry in entries:
        name, sign, value = (part.strip() for part in entry.partition("="))
        real = _checked(name, row)
        if real in first:
            raise TableError("row.twice", key=real, first=first[real], second=entry)
        first[real], found[name] = entry, value if sign else "on"
    return found


def _checked(name: str, row: str) -> str:
    """The declared name of a technique or of a row of one; what is unknown is left to the table to tell."""
    known = find(name)
    owner = known.owner if known else normal(name)
    if owner in registry.stages():
        raise TableError("stages.inner", key=row, value=name)
    if known and owner == "training":
        own = f"{row.partition('.')[0]}.{known.field}"
        raise TableError("stages.setting", key=row, value=name, allowed=own if own in declared() else "")
    return known.name if known else owner


__all__ = ["ABSENT", "Given", "child", "inherit", "make_table", "nested", "new_table", "read_entries", "tidy"]
