"""Repeated and leaked rows taken out, and the split drawn: from a clean draft to the side of every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tunebook.core.errors import DataError
from tunebook.core.nouns import SPLITS, Labels, Roles
from tunebook.data.chats import tools_of
from tunebook.data.columns import text_column
from tunebook.data.draft import Draft
from tunebook.data.gather import GIVEN, TIME
from tunebook.data.kind import ColumnKind, column_kind
from tunebook.data.names import LABELLER, plain
from tunebook.data.options import DataOptions
from tunebook.data.split import (
    TEST,
    TRAIN,
    VALIDATION,
    Codes,
    Keys,
    Repeats,
    draw,
    find_repeats,
    found_in,
    hashes,
    parse_shares,
    recurring,
    shares_of_rest,
    split_groups,
    split_random,
    split_times,
    text_keys,
)

KEY = "\0key"


@dataclass(frozen=True)
class Found:
    """What repeats and leaks there were, for the report.

    `votes` are rows that repeat a text and its label by another annotator, of the column `voter`: they are kept.
    """

    duplicates: int
    conflicts: int
    leaked: int
    duplicates_elsewhere: int
    conflict_rows: str
    votes: int = 0
    voter: str = ""


def keyed_draft(draft: Draft, roles: Roles) -> Draft:
    """With the hash of each row's text and pair, or tools, which tells rows of the same text; queries have theirs
    already."""
    if KEY in draft.table.column_names:
        return draft
    pairs = draft.table[roles.text_pair] if roles.text_pair else tools_of(draft.table)
    return draft.put(KEY, pa.array(text_keys(draft.table[roles.text], pairs)))


def joined_draft(draft: Draft, roles: Roles, kind: ColumnKind, column: str) -> Draft:
    """Rows of the same texts in a split as one, the first of them, which has the targets of all."""
    texts = [text_column(draft.table[name]) for name in (roles.text, roles.text_pair) if name]
    keys = hashes(pc.binary_join_element_wise(*texts, pa.scalar("\x1f", pa.large_string())))
    _, first, inverse = np.unique(
        np.rec.fromarrays([draft.numbers(GIVEN), keys]), return_index=True, return_inverse=True
    )
    home = np.asarray(first[inverse], dtype=np.int64)
    again = np.flatnonzero(home != np.arange(len(home)))
    if not len(again):
        return draft
    return draft.put(column, kind.joined(draft.table[column], home)).drop("question_again", again)


def _keys(draft: Draft) -> Keys:
    return np.asarray(draft.table[KEY].to_numpy(), dtype=np.uint64)


def without_repeats(draft: Draft, said: pa.ChunkedArray, options: DataOptions) -> tuple[Draft, Found]:
    """Repeated training rows and training rows that stand in given validation or test rows, taken out or refused.

    Args:
        said: the label of each row as a text.

    Raises:
        DataError: `data.duplicates`, `data.conflicts` or `data.leakage`, where they are refused.
    """
    keys, given = _keys(draft), draft.numbers(GIVEN)
    voter = _voter(draft.table)
    repeats = _repeats(keys, said)
    # Rows of the training files come first in a draft, so that what they repeat is among them too.
    mine = again = repeats.again[given[repeats.again] == TRAIN]
    if voter:  # what another annotator said of a text is a vote, and no repeat
        who = pc.fill_null(text_column(draft.table[voter]), "")
        votes = pc.binary_join_element_wise(said, who, pa.scalar("\x1e", pa.large_string()))
        mine = np.intersect1d(again, _repeats(keys, votes).again)
    if len(mine) and options.duplicates == "refuse":
        raise DataError("data.duplicates", key="duplicates", count=len(mine), rows=draft.places_shown(mine))
    other = _others(keys, given, repeats.conflicts)
    if len(other) and options.conflicts == "refuse":
        shown = draft.places_shown(repeats.conflicts)
        raise DataError("data.conflicts", key="conflicts", count=len(repeats.conflicts), rows=shown)
    leaked = _leaks(keys, given)
    if len(leaked) and options.leakage == "refuse":
        raise DataError("data.leakage", key="leakage", count=len(leaked), rows=draft.places_shown(leaked))
    found = Found(
        duplicates=len(mine),
        conflicts=len(repeats.conflicts),
        leaked=len(leaked),
        duplicates_elsewhere=len(found_in(keys[given == VALIDATION], keys[given == TEST])),
        conflict_rows=draft.places_shown(repeats.conflicts[:8]),
        votes=len(again) - len(mine),
        voter=voter,
    )
    repeated = np.setdiff1d(mine, leaked) if options.duplicates == "remove" else mine[:0]
    gone = np.union1d(leaked, repeated)
    other = np.setdiff1d(other, gone) if options.conflicts == "first" else other[:0]
    draft.note("dropped", "leaked", leaked)
    draft.note("dropped", "duplicate", repeated)
    draft.note("dropped", "conflict", other)
    return draft.without(np.union1d(gone, other)), found


def _repeats(keys: Keys, said: pa.ChunkedArray) -> Repeats:
    """The repeats among all rows; what is said is hashed where a text recurs alone."""
    some = recurring(keys)
    found = find_repeats(keys[some], hashes(said.take(pa.array(some))))
    return Repeats(some[found.again], some[found.conflicts])


def _others(keys: Keys, given: Any, conflicts: Any) -> Any:
    """The training rows of these that are not the first of their text."""
    mine = conflicts[given[conflicts] == TRAIN]
    return np.setdiff1d(mine, mine[np.unique(keys[mine], return_index=True)[1]])


def _voter(table: pa.Table) -> str:
    """The column that says which annotator a row is of, where there are several."""
    names = [name for name in table.column_names if plain(name) in LABELLER]
    return next((name for name in names if len(pc.unique(text_column(table[name]))) > 1), "")


def _leaks(keys: Keys, given: Any) -> Any:
    train = np.flatnonzero(given == TRAIN)
    return train[found_in(keys[train], keys[given != TRAIN])]


def choose_splits(draft: Draft, roles: Roles, labels: Labels, column: str, options: DataOptions) -> tuple[Draft, Codes]:
    """The split of each row: as given, and the training files cut for splits that have no file.

    Rows that end on the training side though their text stands on another side (two groups or two days may share a
    text) are taken out as leaked.

    Raises:
        DataError: `data.few_rows`, a split would be empty; `data.groups`, `data.group_needed`.
    """
    given = draft.numbers(GIVEN)
    has = [bool((given == part).any()) for part in (VALIDATION, TEST)]
    shares = shares_of_rest(parse_shares(options.split), *has)
    side = given.copy()
    train = np.flatnonzero(given == TRAIN)
    if min(shares[1], shares[2]) < 1 and shares[0] < 1 and len(train):
        keys = _keys(draft)[train]
        mine = draft.table[column].filter(pa.array(given == TRAIN))
        strata = column_kind(labels.problem).strata(mine, labels)
        if options.parts_by == "group":
            groups = _groups(draft, roles, train)
            side[train] = split_groups(groups, strata, shares, draw(keys, options.seed))
        elif options.parts_by == "time":
            times = draft.numbers(TIME)[train]
            side[train] = split_times(times, shares)
        else:
            side[train] = split_random(keys, strata, shares, options.seed)
    counts = np.bincount(side, minlength=3)
    if not counts.all():
        raise DataError("data.few_rows", key="split", value=options.split, counts=_show(counts))
    if options.parts_by == "random":
        return draft, side  # drawn by text, so that none stands on two sides
    keys = _keys(draft)
    crossing = np.flatnonzero(side == TRAIN)
    crossing = crossing[found_in(keys[crossing], keys[side != TRAIN])]
    return draft.drop("leaked", crossing), np.delete(side, crossing)


def _show(counts: Any) -> str:
    return ", ".join(f"{name} {count}" for name, count in zip(SPLITS, counts.tolist(), strict=True))


def _groups(draft: Draft, roles: Roles, train: Any) -> Codes:
    """A number for the group of each row; a row that names no group is one of its own."""
    if roles.group is None:
        raise DataError("data.group_needed", key="group")
    column = pc.utf8_trim_whitespace(text_column(draft.table[roles.group].take(pa.array(train))))
    names = hashes(pc.fill_null(column, ""))
    missing = pc.fill_null(pc.equal(column, ""), True).to_numpy()
    names[missing] = _keys(draft)[train][missing]
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


__all__ = ["KEY", "Found", "choose_splits", "joined_draft", "keyed_draft", "without_repeats"]
