"""Cleaning of columns of text: the same rules at training and at prediction, every change counted.

Each rule has a test that Arrow runs over a whole column at once; only rows that it flags are changed by Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tunebook.data.cleaning import RULES, Places, Rule, Step, chosen_rules, clean_text, clean_with_places, rule_named
from tunebook.data.ledger import Numbers

if TYPE_CHECKING:
    import pyarrow as pa

_EXAMPLES = 3
_SHOWN = 120


@dataclass(frozen=True)
class Cleaned:
    """A column after cleaning.

    Attributes:
        changed: rule -> places of the rows that it changed.
        examples: rule -> up to three pairs of text before and after.
    """

    column: pa.ChunkedArray
    changed: dict[str, Numbers] = field(default_factory=dict)
    examples: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


def clean_column(column: pa.ChunkedArray, rules: Sequence[str]) -> Cleaned:
    """A column of strings after the rules: what `clean_text` does to each, and which rule changed which rows."""
    import pyarrow as pa  # a text to answer is cleaned without it
    import pyarrow.compute as pc

    from tunebook.data.workers import places_where

    tests = "|".join(f"(?:{rule_named(name).test})" for name in rules)
    if not rules:
        return Cleaned(column)
    places = places_where(column, lambda texts: pc.match_substring_regex(texts, tests))
    if not len(places):
        return Cleaned(column)
    changed: dict[str, Numbers] = {}
    examples: dict[str, list[tuple[str, str]]] = {}
    some = column.take(pa.array(places)).combine_chunks()
    for name in rules:
        some, really = _apply(some, rule_named(name), examples)
        if len(really):
            changed[name] = places[really]
    return Cleaned(_replaced(column, places, some), changed, examples)


def _replaced(column: pa.ChunkedArray, places: Numbers, texts: pa.Array) -> pa.ChunkedArray:
    """A column with other texts at these places; chunks without any are shared."""
    import pyarrow as pa
    import pyarrow.compute as pc

    chunks, start, taken = [], 0, 0
    for chunk in column.chunks:
        mask = np.zeros(len(chunk), dtype=bool)
        mine = places[taken : np.searchsorted(places, start + len(chunk))] - start
        mask[mine] = True
        chunks.append(
            pc.replace_with_mask(chunk, pa.array(mask), texts.slice(taken, len(mine))) if len(mine) else chunk
        )
        start, taken = start + len(chunk), taken + len(mine)
    return pa.chunked_array(chunks)


def _apply(texts: pa.Array, rule: Rule, examples: dict[str, list[tuple[str, str]]]) -> tuple[pa.Array, Numbers]:
    """Texts after one rule, and the places of those that it changed."""
    import pyarrow as pa
    import pyarrow.compute as pc

    flags = pc.match_substring_regex(texts, rule.test)
    places = np.flatnonzero(flags.to_numpy(zero_copy_only=False))
    before = texts.take(pa.array(places)).to_pylist()
    after = list(map(rule.apply, before))
    really = [place for place, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    if not really:
        return texts, places[:0]
    examples[rule.name] = [(before[place][:_SHOWN], after[place][:_SHOWN]) for place in really[:_EXAMPLES]]
    return pc.replace_with_mask(texts, flags, pa.array(after, texts.type)), places[really]


__all__ = [
    "RULES",
    "Cleaned",
    "Places",
    "Rule",
    "Step",
    "chosen_rules",
    "clean_column",
    "clean_text",
    "clean_with_places",
]
