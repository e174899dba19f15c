"""Queries with judged passages: the passages of all rows and of a corpus by number, each text once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.judged import MOST
from tunebook.core.nouns import Roles
from tunebook.data.clean import clean_column
from tunebook.data.columns import text_column
from tunebook.data.dedup_split import KEY
from tunebook.data.describe import quantiles, warning
from tunebook.data.draft import Draft
from tunebook.data.gather import GIVEN
from tunebook.data.ledger import Numbers
from tunebook.data.options import DataOptions
from tunebook.data.span_columns import lengths_of
from tunebook.data.split import Keys, hashes

_TEXT = pa.large_string()
# Passages of a query as files have them: a text, or the id of one in a corpus; and as prepared rows do, by number.
JUDGED = pa.list_(pa.struct([("id", _TEXT), ("text", _TEXT), ("gain", pa.float64()), ("taught", pa.float64())]))
NUMBERED = pa.list_(pa.struct([("passage", pa.int32()), ("gain", pa.float32())]))
TAUGHT, TAUGHT_COLUMN = (
    "taught",
    "\0taught",
)  # column of prepared rows: what a teacher says of each judged passage, null for nothing
CORPUS = pa.schema([("id", _TEXT), ("text", _TEXT)])
_SHOWN = 5
# Figures of passages that are told where they are not 0.
TOLD = ("joined", "ids_twice", "unused", "missing", "judged_twice", "judged_self", "positives_missing")
# What else of two queries may differ if they are to ask the same: blanks, and what ends a sentence.
_NEAR = r"\s+|[?!.…。？！]+\s*$"


@dataclass(frozen=True)
class Pooled:
    """Rows whose label is NUMBERED, the passages (`id`, `text`) in the order of their numbers, and figures of both."""

    draft: Draft
    passages: pa.Table
    facts: dict[str, Any]


@dataclass(frozen=True)
class _Pool:
    """Texts by number.

    Attributes:
        number: of the passage of each judgement, -1 where it has none, shape (M,).
        missing: ids that judgements name and the corpus lacks, of each judgement or None.
    """

    passages: pa.Table
    number: Numbers
    missing: list[str]
    facts: dict[str, int]


@dataclass(frozen=True)
class _Said:
    """Judgements: row, passage and gain of each, and what a teacher says, NaN for nothing; shape (M,)."""

    row: Numbers
    passage: Numbers
    gain: NDArray[np.float64]
    taught: NDArray[np.float64]

    @classmethod
    def of(cls, lists: pa.ListArray, number: Numbers, known: NDArray[np.bool_]) -> _Said:
        """Those of JUDGED lists that are known, of passages of these numbers."""
        row = np.repeat(np.arange(len(lists)), lengths_of(lists))
        flat = lists.flatten()
        gain, taught = (
            pc.fill_null(flat.field(name), fill).to_numpy(zero_copy_only=False).astype(np.float64)
            for name, fill in (("gain", 0.0), ("taught", np.nan))
        )
        return cls(row, number, np.maximum(gain, 0), taught).at(known)

    def at(self, chosen: Any) -> _Said:
        return _Said(self.row[chosen], self.passage[chosen], self.gain[chosen], self.taught[chosen])


def pooled(draft: Draft, roles: Roles, corpus: pa.Table | None, rules: list[str], options: DataOptions) -> Pooled:
    """Passages cleaned as texts are and numbered, equal ones as one; rows of one query joined.

    A passage that is judged twice for a query keeps its highest gain. What equals the query itself is no negative of
    it. Queries are one where they differ by case, blanks and final punctuation alone.

    Raises:
        DataError: `data.passage_missing`, too many judgements name a passage that the corpus lacks;
            `data.no_positives`, no query, or where that is refused not every query, has a relevant passage;
            `data.passages_many`.
    """
    name = str(roles.label)
    column = draft.table[name].combine_chunks()
    pool = _pool(column.flatten(), corpus, rules, options)
    gain = pc.fill_null(column.flatten().field("gain"), np.nan).to_numpy(zero_copy_only=False).astype(np.float64)
    _refuse_missing(pool, options, name)
    draft.note("changed", "judged_blank", _blank(column, pool.number))
    said = _Said.of(column, pool.number, (pool.number >= 0) & np.isfinite(gain))
    keys = near_keys(draft.table[roles.text])
    home = _homes(draft.numbers(GIVEN), keys)
    said = replace(said, row=home[said.row])
    said, twice = _once(said)
    own = (said.gain == 0) & (keys[said.row] == near_keys(pool.passages["text"])[said.passage])
    draft.note("changed", "judged_twice", twice)
    draft.note("changed", "judged_self", np.unique(said.row[own]))
    said = said.at(~own)
    facts = {"judged_twice": len(twice), "judged_self": int(own.sum()), **pool.facts}
    facts |= {"taught": taught} if (taught := int(np.isfinite(said.taught).sum())) else {}
    draft, facts["positives_missing"] = _numbered(draft, name, said, keys, home, options)
    lengths = pc.utf8_length(pool.passages["text"]).to_numpy().astype(np.int64)
    return Pooled(draft, pool.passages, {"passages": {**facts, "characters": quantiles(lengths)}})


def _blank(column: pa.ListArray, number: Numbers) -> Numbers:
    """Rows with a passage whose text cannot be used."""
    there = column.flatten().field("text").is_valid().to_numpy(zero_copy_only=False)
    row = np.repeat(np.arange(len(column)), lengths_of(column))
    return np.unique(row[there & (number < 0)])


def _pool(judged: pa.StructArray, corpus: pa.Table | None, rules: list[str], options: DataOptions) -> _Pool:
    """The texts of a corpus, then those of judgements that bring their own; numbered in this order."""
    corpus = CORPUS.empty_table() if corpus is None else corpus
    ids, texts = (pa.concat_arrays([corpus[part].combine_chunks(), judged.field(part)]) for part in ("id", "text"))
    texts = clean_column(pa.chunked_array([texts]), rules).column.combine_chunks()
    blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(texts), ""), False)
    long = pc.fill_null(pc.greater(pc.utf8_length(texts), options.max_cell), False)
    unused = pc.or_(blank, long)
    coded = pc.if_else(unused, pa.scalar(None, _TEXT), texts).dictionary_encode()
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    if len(coded.dictionary) > MOST:
        raise DataError("data.passages_many", key="passages", value=len(coded.dictionary), limit=MOST)
    found = pc.index_in(judged.field("id"), corpus["id"].combine_chunks(), skip_nulls=True)
    by_id = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    bare = judged.field("text").is_null().to_numpy(zero_copy_only=False)
    number = np.where(bare, np.where(by_id < 0, -1, np.append(codes, -1)[by_id]), codes[corpus.num_rows :])
    lost = judged.field("id").filter(pa.array(bare & (by_id < 0))).drop_null().to_pylist()
    names, facts = _names(ids, codes, len(coded.dictionary))
    passages = pa.table({"id": names, "text": coded.dictionary.cast(_TEXT)}, schema=CORPUS)
    facts |= {"corpus": corpus.num_rows, "count": passages.num_rows, "unused": int(pc.sum(unused).as_py() or 0)}
    return _Pool(passages, number, lost, {**facts, "missing": len(lost)})


def _names(ids: pa.Array, codes: Numbers, count: int) -> tuple[pa.Array, dict[str, int]]:
    """The id of each passage, no two alike: the first that it has, else its number; and how many ids were one passage,
    and how many of one id were several."""
    there = (codes >= 0) & ids.is_valid().to_numpy(zero_copy_only=False)
    named = ids.filter(pa.array(there)).to_pylist()
    pairs = dict.fromkeys(zip(named, codes[there].tolist(), strict=True))
    first: dict[int, str] = {}
    for name, code in pairs:
        first.setdefault(code, name)
    seen: Counter[str] = Counter()
    names = []
    for code in range(count):
        name = first.get(code, f"p{code}")
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}:{seen[name]}")
    joined = len(pairs) - len({code for _, code in pairs})
    return pa.array(names, _TEXT), {"joined": joined, "ids_twice": len(pairs) - len({name for name, _ in pairs})}


def _refuse_missing(pool: _Pool, options: DataOptions, column: str) -> None:
    """Refuse judgements of passages that are not there, beyond the share of faulty rows."""
    if len(pool.missing) > options.max_dropped * len(pool.number):
        shown = ", ".join(list(dict.fromkeys(pool.missing))[:_SHOWN])
        count, judged = len(pool.missing), len(pool.number)
        raise DataError("data.passage_missing", key=column, value=shown, count=count, judged=judged)


def numbered(
    column: pa.ChunkedArray, corpus: pa.Table | None, rules: list[str], file: str
) -> tuple[pa.ChunkedArray, pa.Table]:
    """JUDGED passages of a file that stands alone as NUMBERED ones, row by row as they are given; and these passages.

    Raises:
        DataError: `data.passage_missing`.
    """
    lists = column.combine_chunks()
    pool = _pool(lists.flatten(), corpus, rules, DataOptions())
    _refuse_missing(pool, DataOptions(max_dropped=0), file)
    said = _Said.of(lists, pool.number, pool.number >= 0)
    return pa.chunked_array([_lists(_once(said)[0], len(lists))]), pool.passages


def _lists(said: _Said, rows: int) -> pa.ListArray:
    """Judgements as a column."""
    inner = pa.StructArray.from_arrays(
        [pa.array(said.passage, pa.int32()), pa.array(said.gain, pa.float32())], fields=list(NUMBERED.value_type)
    )
    return _lists_of(inner, said, rows)


def _lists_of(inner: pa.Array, said: _Said, rows: int) -> pa.ListArray:
    """What is said of each judgement, row by row."""
    ends = np.concatenate(([0], np.cumsum(np.bincount(said.row, minlength=rows))))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), inner)


def near_keys(texts: pa.ChunkedArray) -> Keys:
    """A hash of each text without regard to case, blanks and final punctuation."""
    return hashes(pc.replace_substring_regex(pc.utf8_lower(text_column(texts)), _NEAR, ""))


def _homes(given: Numbers, keys: Keys) -> Numbers:
    """The first row of each row's query in its split."""
    whole = np.rec.fromarrays([given, keys])
    _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], dtype=np.int64)


def _once(said: _Said) -> tuple[_Said, Numbers]:
    """One judgement of each passage for a row, that of the highest gain, the best passages first; and the rows of which
    one was relevant and not."""
    order = np.lexsort((np.arange(len(said.row)), -said.gain, said.passage, said.row))
    ordered = said.at(order)
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(ordered.row) != 0) | (np.diff(ordered.passage) != 0)
    best = np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))
    clash = ~new & (ordered.gain == 0) & (ordered.gain[best] > 0)
    kept, place = ordered.at(new), order[new]
    again = np.lexsort((place, -kept.gain, kept.row))
    return kept.at(again), np.unique(ordered.row[clash])


def _numbered(
    draft: Draft, name: str, said: _Said, keys: Keys, home: Numbers, options: DataOptions
) -> tuple[Draft, int]:
    """The draft with NUMBERED labels and the keys of queries, one row a query; and the queries without a positive."""
    rows = draft.table.num_rows
    counts = np.bincount(said.row, minlength=rows)
    positives = np.bincount(said.row, weights=said.gain > 0, minlength=rows)
    draft = draft.put(name, _lists(said, rows)).put(KEY, pa.array(keys))
    if np.isfinite(said.taught).any():
        draft = draft.put(TAUGHT_COLUMN, _lists_of(pa.array(said.taught, pa.float64(), from_pandas=True), said, rows))
    joined = home != np.arange(rows)
    none = ~joined & (counts > 0) & (positives == 0)
    if not (positives > 0).any() or (none.any() and options.no_positives == "refuse"):
        where = draft.places_shown(np.flatnonzero(none)[:_SHOWN])
        raise DataError("data.no_positives", key=name, count=int(none.sum()), rows=where)
    lost = {"query_again": joined, "no_passages": ~joined & (counts == 0)}
    lost |= {"no_positives": none} if options.no_positives == "drop" else {}
    for reason, places in lost.items():
        draft.note("dropped", reason, np.flatnonzero(places))
    return draft.without(np.flatnonzero(np.logical_or.reduce(list(lost.values())))), int(none.sum())


def passage_warnings(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """What is unusual about the passages, of their figures."""
    return [warning(f"passages_{name}", count=facts[name]) for name in TOLD if facts.get(name)]


__all__ = [
    "CORPUS",
    "JUDGED",
    "NUMBERED",
    "TAUGHT",
    "TAUGHT_COLUMN",
    "TOLD",
    "Pooled",
    "near_keys",
    "numbered",
    "passage_warnings",
    "pooled",
]  # fmt: skip
