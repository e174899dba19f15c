"""Which column plays which part: as told, else by its name, else by its look; refused where it is unclear."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tunebook.core.errors import DataError, near, shortened
from tunebook.core.nouns import Roles
from tunebook.data.cells import as_text
from tunebook.data.columns import is_text, text_column
from tunebook.data.given_split import places_rows
from tunebook.data.label_columns import bit_columns, flat_columns, numbered_columns
from tunebook.data.names import (
    ANNOTATOR,
    ANSWER,
    GROUP,
    LABEL,
    LABEL_TOO,
    NO_LABEL,
    PAIRS,
    PREFERENCES,
    ROW_ID,
    TEXT,
    TIME,
    VERDICTS,
    WEIGHT,
    plain,
)
from tunebook.data.options import DataOptions

_SAMPLE = 5000
_COLUMNS = 40  # more are no message
_FLAGS = {"row_id": "--id"}  # the others are called on the command line as they are here
# At least four words, or six Han characters: a cell that somebody is to read.
_SENTENCE = r"\S\s+\S+\s+\S+\s+\S|[\x{3400}-\x{9fff}]{6}"
_SINGLE = ("text", "text_pair", "label", "row_id", "group", "time", "weight")


def find_roles(table: pa.Table, options: DataOptions, *, need_label: bool = True, file: str = "") -> Roles:
    """The part of each column.

    Args:
        need_label: False for rows to predict, which have none.
        file: name of the file, for messages.

    Raises:
        DataError: `data.column`, a column that was told is not there; `data.role_twice`, it was told for two parts;
            `data.text_missing`, `data.label_missing`, no column may be the one; `data.text_unclear`,
            `data.label_unclear`, several may.
    """
    given = {role: getattr(options, role) for role in _SINGLE if getattr(options, role) is not None}
    every = [*given.items(), *_annotated(options)]
    told = [name for _, name in every]
    check_columns(table, told, file, {name: _flag(role) for role, name in every})
    twice = next((name for name in told if told.count(name) > 1), None)
    if twice is not None:
        parts = [role for role, name in every if name == twice]
        flags = ", ".join(map(_flag, parts))
        raise DataError("data.role_twice", key=twice, value=parts, flags=flags)
    sample = table.slice(0, _SAMPLE)
    found = _by_name(sample, given)
    annotators = options.annotators
    if annotators is None:
        annotators = [name for name in table.column_names if ANNOTATOR.fullmatch(plain(name))]
    taken = {*found.values(), *annotators}
    if "text" not in found:
        found["text"] = _text_by_look(sample, taken, table, file)
        taken.add(found["text"])
    if "label" not in found and need_label:
        found["label"] = _label_by_look(sample, taken, table, file)
    return Roles(**found, annotators=annotators)


def _annotated(options: DataOptions) -> list[tuple[str, str]]:
    return [("annotators", name) for name in options.annotators or []]


def _flag(role: str) -> str:
    """How a part is told on the command line."""
    return _FLAGS.get(role, f"--{role.replace('_', '-')}")


def check_columns(
    table: pa.Table, names: Iterable[str], file: str, flags: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Refuse names that the table does not have.

    Args:
        flags: name -> the option that it was told with, where that is known.
    """
    for name in names:
        if name not in table.column_names:
            close, flag = near(name, table.column_names), flags.get(name, "")
            shown = f" ({flag})" if flag else ""
            raise DataError("data.column", key=name, file=file, flag=shown, near=close, columns=show_columns(table))


def show_columns(table: pa.Table) -> str:
    """Each column with up to three of its values, for a message; of very many the first."""
    lines = []
    columns = flat_columns(table.slice(0, 50))
    for name, column in list(columns.items())[:_COLUMNS]:
        values = [text for text in map(as_text, column.to_pylist()) if text and text.strip()]
        examples = [shortened(value, 40) for value in dict.fromkeys(values)]
        lines.append(f"\n  - {name}: {' | '.join(examples[:3])}")
    return "".join(lines) + ("\n  …" if len(columns) > _COLUMNS else "")


def _by_name(table: pa.Table, given: dict[str, str]) -> dict[str, str]:
    """Parts that the names of columns tell, beside those given."""
    found = dict(given)
    free = {plain(name): name for name in reversed(table.column_names) if name not in given.values()}
    if not {"text", "text_pair"} & set(given):
        pair = next((pair for pair in PAIRS if set(pair) <= set(free)), None)
        if pair:
            found |= {"text": free.pop(pair[0]), "text_pair": free.pop(pair[1])}
    too = [name for name in LABEL_TOO if name in free]
    labels = LABEL if any(name in free for name in LABEL) or len(too) != 1 else too
    for role, names in (("label", labels), ("text", TEXT), ("row_id", ROW_ID), ("time", TIME), ("group", GROUP)):
        if role not in found:
            name = _named(table, role, [free[name] for name in names if name in free])
            if name:
                found[role] = free.pop(plain(name))
    if "weight" not in found:
        weights = [free[name] for name in WEIGHT if name in free and _numeric(table[free[name]])]
        found |= {"weight": weights[0]} if weights else {}
    return found


def _named(table: pa.Table, role: str, names: Sequence[str]) -> str | None:
    """The likeliest of the columns that bear such a name; a text must hold words, not numbers."""
    if role == "text":
        names = [name for name in names if is_text(table[name].type) and not _numeric(table[name])]
    return names[0] if names else None


def _numeric(column: pa.ChunkedArray) -> bool:
    if not is_text(column.type):
        return bool(pa.types.is_integer(column.type) or pa.types.is_floating(column.type))
    words = pc.drop_null(column)
    plain_numbers = pc.match_substring_regex(words, r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$")
    return len(words) > 0 and bool(pc.all(plain_numbers).as_py())


def _text_by_look(sample: pa.Table, taken: set[str], table: pa.Table, file: str) -> str:
    """The column with by far the longest texts."""
    lengths = {
        name: float(pc.mean(pc.utf8_length(sample[name])).as_py() or 0)
        for name in sample.column_names
        if name not in taken and is_text(sample[name].type) and not _numeric(sample[name])
    }
    varied = {name for name in lengths if pc.count_distinct(sample[name]).as_py() > 1}
    lengths = {name: length for name, length in lengths.items() if name in varied or not varied}
    if not lengths:
        raise DataError("data.text_missing", key="text", file=file, columns=show_columns(table))
    best: list[str] = sorted(lengths, key=lambda name: -lengths[name])
    clear = len(best) == 1 or (len(best) > 1 and lengths[best[0]] >= 2 * lengths[best[1]])
    single = [name for name in best if not recurs(sample[name])]
    if not clear and len(best) == 2 and len(single) == 1:  # the other holds the classes
        return single[0]
    if not clear:
        raise DataError("data.text_unclear", key="text", file=file, columns=show_columns(table))
    return best[0]


def _label_by_look(sample: pa.Table, taken: set[str], table: pa.Table, file: str) -> str:
    """The only column whose values come again and again, or the only one that is left."""
    preferred = [name for name in table.column_names if plain(name) in PREFERENCES]
    if preferred:
        raise DataError("data.preferences", key="label", file=file, value=preferred)
    left = [name for name in sample.column_names if name not in taken]
    if not left:
        raise DataError("data.label_missing", key="label", file=file, columns=show_columns(table))
    free = [name for name in left if not name.startswith("_") and not _is_aside(plain(name), sample[name])]
    few = [name for name in free if recurs(sample[name])]
    chosen: list[str] = few if len(few) == 1 else free if len(free) == 1 else []
    if chosen:
        return chosen[0]
    bits = bit_columns(table, free)
    if len(bits) > 1:
        shown = {"names": shlex.quote(",".join(bits)), "columns": show_columns(table)}
        raise DataError("data.label_unclear_columns", key="label", file=file, value=bits, **shown)
    if alike := [name for name in numbered_columns(free) if name in few]:
        shown = {"names": shlex.quote(",".join(alike)), "columns": show_columns(table)}
        raise DataError("data.label_unclear_numbered", key="label", file=file, value=alike, **shown)
    raise DataError("data.label_unclear", key="label", file=file, columns=show_columns(table))


def _is_aside(name: str, column: pa.ChunkedArray) -> bool:
    """Whether a column of this name says something of the row or who labelled it, as an answer that accepts it does."""
    if name == ANSWER:
        return set(pc.utf8_lower(text_column(column)).unique().drop_null().to_pylist()) <= VERDICTS
    return name in NO_LABEL or places_rows(name, column)


def recurs(column: pa.ChunkedArray) -> bool:
    """Whether a value stands for at least five rows on average, and there is more than one."""
    nested = pa.types.is_nested(column.type)  # lists of labels; but not what is empty in every row
    distinct = len(pc.unique(pc.drop_null(text_column(column) if nested else column)))
    return bool(2 <= distinct <= (distinct if nested else max(2, np.ceil(len(column) / 5))))


def other_text(table: pa.Table, played: Iterable[str]) -> str | None:
    """A column that plays no part and holds texts as well: most of its cells are sentences, and differ."""
    sample, known = table.slice(0, _SAMPLE), set(played)
    for name in sample.column_names:
        if name in known or not is_text(sample[name].type):
            continue
        words = pc.drop_null(sample[name])
        sentences = pc.sum(pc.match_substring_regex(words, _SENTENCE)).as_py() or 0
        if sentences > len(sample) / 2 and pc.count_distinct(words).as_py() > len(sample) / 2:
            return str(name)
    return None


__all__ = ["check_columns", "find_roles", "other_text", "recurs", "show_columns"]
