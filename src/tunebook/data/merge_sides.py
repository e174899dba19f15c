"""On which side new rows may stand beside the old ones of a book."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.nouns import SPLITS, DataRef
from tunebook.data.columns import text_column
from tunebook.data.kind import column_kind
from tunebook.data.options import DataOptions
from tunebook.data.split import (
    TEST,
    TRAIN,
    VALIDATION,
    Shares,
    draw,
    find_repeats,
    found_in,
    hashes,
    parse_shares,
    split_groups,
    split_random,
    split_times,
    text_keys,
)  # fmt: skip
from tunebook.data.times import UNKNOWN, moments
from tunebook.data.votes import OWN

OUT = -1  # in place of a side
Sides = NDArray[np.int64]
Leave = Callable[[str, Sides], None]  # puts places out for a reason


@dataclass(frozen=True)
class Placed:
    """The side of each new row, -1 for none; reason -> places of those that have none."""

    of: Sides
    out: dict[str, Sides]


def placed(old: pa.Table, new: pa.Table, base: DataRef, test: float) -> Placed:
    """Where each new row belongs.

    Args:
        test: share of the new texts that test; the rest is cut as the book was.

    Raises:
        DataError: `data.duplicates`, `data.conflicts`, where the book refuses them.
    """
    options = DataOptions(**(base.stats.get("preset") or {}))
    kind = column_kind(base.labels.problem)
    keys, theirs = _keys(new), _keys(old)
    said, theirs_said = (hashes(kind.text(table["label"])) for table in (new, old))
    past = _past(old)
    side = np.full(len(keys), len(SPLITS), dtype=np.int64)  # 3: to be drawn
    out: dict[str, Sides] = {}

    def leave(reason: str, places: Sides) -> None:
        places = places[side[places] != OUT]
        side[places] = OUT
        if len(places):
            out[reason] = np.sort(np.concatenate([out.get(reason, places[:0]), places]))

    leave("empty_text", np.flatnonzero(pc.equal(pc.utf8_trim_whitespace(new["text"]), "").to_numpy()))
    leave("leaked", found_in(keys, theirs[past != TRAIN]))
    both = find_repeats(np.concatenate([theirs, keys]), np.concatenate([theirs_said, said])).again - len(theirs)
    again = both[both >= 0]
    if options.duplicates == "refuse" and len(again):
        raise DataError("data.duplicates", key="duplicates", count=len(again), rows="")
    if options.duplicates == "remove":
        leave("duplicate", again)
    known = found_in(keys, theirs[past == TRAIN])
    known = known[side[known] != OUT]
    if len(known) and options.conflicts == "refuse":
        raise DataError("data.conflicts", key="conflicts", count=len(known), rows="")
    if options.conflicts == "first":
        leave("conflict", known)
    side[known[side[known] != OUT]] = TRAIN
    _grouped(old, new, base, (side, past, leave))
    open_ones = np.flatnonzero(side == len(SPLITS))
    side[open_ones] = _drawn(new.take(pa.array(open_ones)), keys[open_ones], base, _shares(options, test))
    return Placed(side, out)


def _keys(table: pa.Table) -> NDArray[np.uint64]:
    return text_keys(table["text"], table["pair"] if "pair" in table.column_names else None)


def _past(old: pa.Table) -> Sides:
    return np.array([SPLITS.index(split) for split in old["_split"].to_pylist()], dtype=np.int64)


def _shares(options: DataOptions, test: float) -> Shares:
    train, validation, _ = parse_shares(options.split)
    whole = train + validation
    return (1 - test) * train / whole, (1 - test) * validation / whole, test


def _grouped(old: pa.Table, new: pa.Table, base: DataRef, work: tuple[Sides, Sides, Leave]) -> None:
    """New rows of a group that is known go where it is, and nowhere where their own text forbids it."""
    side, past, leave = work
    name = _group(old, base)
    if name is None:
        return
    home = dict(zip(text_column(old[name]).to_pylist(), past.tolist(), strict=True))
    wanted = np.array([home.get(group, len(SPLITS)) if group else len(SPLITS) for group in _names(new, name)])
    fixed = (side != OUT) & (wanted != len(SPLITS))
    leave("leaked", np.flatnonzero(fixed & (side == TRAIN) & (wanted != TRAIN)))
    fixed &= side == len(SPLITS)
    side[fixed] = wanted[fixed]


def _group(old: pa.Table, base: DataRef) -> str | None:
    group = base.roles.group
    name = f"source_{group}" if group in OWN else group
    return name if name in old.column_names and base.stats.get("split_by") == "group" else None


def _names(table: pa.Table, name: str) -> list[str]:
    return [(cell or "").strip() for cell in text_column(table[name]).to_pylist()]


def _drawn(new: pa.Table, keys: NDArray[np.uint64], base: DataRef, shares: Shares) -> Sides:
    """The side of rows that nothing has decided, in the way in which the book's were cut."""
    seed = int(base.stats.get("seed", 0))
    if not new.num_rows:
        return np.zeros(0, dtype=np.int64)
    strata = column_kind(base.labels.problem).strata(new["label"], base.labels)
    if (name := _group(new, base)) is not None:
        named = [group or f"\0{key}" for group, key in zip(_names(new, name), keys.tolist(), strict=True)]
        number = {group: place for place, group in enumerate(dict.fromkeys(named))}
        groups = np.array([number[group] for group in named], dtype=np.int64)
        if len(number) >= len(SPLITS):
            return _apart(split_groups(groups, strata, shares, draw(keys, seed)), keys)
    time = base.roles.time
    if base.stats.get("split_by") == "time" and time in new.column_names:
        found = moments(pa.chunked_array([text_column(new[time]).combine_chunks()]), str(time))
        if not (found == UNKNOWN).any():
            return _apart(split_times(found, shares), keys)
    return split_random(keys, strata, shares, seed)


def _apart(side: Sides, keys: NDArray[np.uint64]) -> Sides:
    """Training rows whose text stands on another side too are put there."""
    for part in (VALIDATION, TEST):
        crossing = np.flatnonzero(side != TEST)
        crossing = crossing[found_in(keys[crossing], keys[side == part])]
        side[crossing] = part
    return side


__all__ = ["OUT", "Placed", "Sides", "placed"]
