"""Conditions on rows that are tried: classes, columns, lengths, languages, words, forms and how rows are read."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunebook.diagnosis.records import Part, Sort
from tunebook.requests.sketch import language

if TYPE_CHECKING:
    from tunebook.diagnosis.looked import Looked
    from tunebook.diagnosis.reading import Reading

Mask = NDArray[np.bool_]
LEAST = 10  # rows of a slice
CELLS = 60_000_000  # rows times conditions that are held at once
_WORDS, _VALUES, _NUMBERS = 6000, 60, 10
_QUANTILES = (0.2, 0.4, 0.6, 0.8, 1.0)
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_FORMS: dict[str, re.Pattern[str]] = {
    "digit": re.compile(r"\d"),
    "question": re.compile(r"[?？]"),
    "exclamation": re.compile(r"[!！]"),
    "capitals": re.compile(r"\b[A-Z]{3,}\b"),
    "address": re.compile(r"https?://|www\.|@\w"),
    "emoji": re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]"),
    "quotes": re.compile(r"[\"“”「」《]"),
}


@dataclass(frozen=True)
class Condition:
    """Rows that meet a condition, shape (N,)."""

    part: Part
    rows: Mask


def conditions(looked: Looked, reading: Reading) -> tuple[list[Condition], list[Condition]]:
    """What is told of rows in some way, and the words that are in them; each with at least `LEAST` rows that meet it
    and as many that do not."""
    texts = [text if pair is None else f"{text}\n{pair}" for text, pair in _texts(looked)]
    told = [*_labels(looked), *_columns(looked), *_ranges("length", "", [len(text) for text in texts])]
    told += _categories("language", "", [language(text) for text in texts])
    told += [_form(name, pattern, texts) for name, pattern in _FORMS.items()]
    told += [
        Condition(Part(sort="reading", value=name), rows)
        for name, rows in (("cut", reading.cut), ("unknown", reading.unknown > 0))
    ]
    return list(_enough(told)), list(_enough(_words(texts)))


def _texts(looked: Looked) -> Iterator[tuple[str, str | None]]:
    pairs: Sequence[str | None] = looked.rows.pairs or [None] * len(looked.rows)
    return zip(looked.rows.texts, pairs, strict=True)


def _enough(found: Sequence[Condition] | Iterator[Condition]) -> Iterator[Condition]:
    """Those of enough rows, each set of rows once."""
    seen: set[bytes] = set()
    for one in found:
        key = one.rows.tobytes()
        if LEAST <= int(one.rows.sum()) <= len(one.rows) - LEAST and key not in seen:
            seen.add(key)
            yield one


def _labels(looked: Looked) -> Iterator[Condition]:
    """The true classes."""
    assert looked.rows.targets is not None
    present = looked.task.present(looked.rows.targets, looked.labels) > 0
    for name, rows in zip(looked.labels.names, present.T, strict=False):
        yield Condition(Part(sort="label", value=name), rows)


def _columns(looked: Looked) -> Iterator[Condition]:
    """Columns of the user's file, and which of several files a row stood in."""
    people, roles = set(looked.data.roles.annotators), looked.data.roles
    for name, cells in looked.rows.other.items():
        values = ["" if cell is None or cell != cell else str(cell).strip() for cell in cells]
        if name == "_file":
            yield from _categories("file", "", values)
        elif name.startswith("_") or name == roles.row_id:
            continue
        else:
            yield from _column(name.removeprefix("source_"), values, name == roles.time)
    said = [looked.rows.other[name] for name in people if name in looked.rows.other]
    if len(said) > 1:
        differ = [len({str(vote) for vote in votes if vote not in (None, "")}) > 1 for votes in zip(*said, strict=True)]
        yield Condition(Part(sort="form", value="annotators"), np.array(differ))


def _column(name: str, values: Sequence[str], time: bool) -> Iterator[Condition]:
    known = [value for value in values if value]
    if time and len(set(known)) > _NUMBERS:
        yield from _moments(name, values)
        return
    numbers = _numbers(values) if len(set(known)) > _NUMBERS else None
    if numbers is None:
        yield from _categories("column", name, values)
    else:
        yield from _ranges("column", name, numbers)


def _moments(name: str, values: Sequence[str]) -> Iterator[Condition]:
    """Fifths of the rows in the order of their time, told by their first and last moment as they are written."""
    import pyarrow as pa

    from tunebook.core.errors import DataError
    from tunebook.data.times import UNKNOWN, moments

    try:
        when = moments(pa.chunked_array([pa.array(values, pa.string())]), name)
    except DataError:  # nobody can tell days from months: then there is no order
        yield from _categories("column", name, values)
        return
    order = np.argsort(when, kind="stable")
    order = order[when[order] != UNKNOWN]
    for part in np.array_split(order, len(_QUANTILES)) if len(order) else ():
        rows = np.zeros(len(values), dtype=bool)
        rows[part] = True
        yield Condition(Part(sort="column", name=name, value=f"{values[part[0]]} – {values[part[-1]]}"), rows)


def _numbers(values: Sequence[str]) -> list[float] | None:
    """Cells as numbers, NaN where they are empty; None where one is something else."""
    try:
        return [float(value) if value else np.nan for value in values]
    except ValueError:
        return None


def _categories(sort: Sort, name: str, values: Sequence[str]) -> Iterator[Condition]:
    """Each of the most frequent values; none of a column whose values are all of their own."""
    counts = Counter(values)
    if len(counts) < 2:
        return
    cells = np.array(values, dtype=object)
    for value, count in counts.most_common(_VALUES):
        if count >= LEAST:
            yield Condition(Part(sort=sort, name=name, value=value), cells == value)


def _ranges(sort: Sort, name: str, values: Sequence[float]) -> Iterator[Condition]:
    """Fifths of the rows by a number; where none is known a range of its own."""
    numbers = np.asarray(values, dtype=np.float64)
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return
    edges = np.unique(np.quantile(known, _QUANTILES, method="inverted_cdf"))
    for place, high in enumerate(edges):
        low = edges[place - 1] if place else -np.inf
        rows = (numbers > low) & (numbers <= high)
        inside = numbers[rows]
        if len(inside):
            yield Condition(Part(sort=sort, name=name, value=f"{inside.min():g} – {inside.max():g}"), rows)
    if np.isnan(numbers).any():
        yield Condition(Part(sort=sort, name=name, value=""), np.isnan(numbers))


def _form(name: str, pattern: re.Pattern[str], texts: Sequence[str]) -> Condition:
    return Condition(
        Part(sort="form", value=name), np.array([bool(pattern.search(text)) for text in texts], dtype=bool)
    )


def terms(text: str) -> set[str]:
    """Words and pairs of words in small letters, and of Chinese one to three characters in a row."""
    found: set[str] = set()
    for run in _HAN.findall(text):
        found |= {run[at : at + size] for size in (1, 2, 3) for at in range(len(run) - size + 1)}
    words = [word.lower() for word in _TOKEN.findall(_HAN.sub(" ", text))]
    return found | set(words) | {f"{one} {two}" for one, two in pairwise(words)}


def _words(texts: Sequence[str]) -> Iterator[Condition]:
    """The most frequent of them, each by the rows that have it."""
    where: dict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        for term in terms(text):
            where[term].append(row)
    enough = {term: rows for term, rows in where.items() if LEAST <= len(rows) <= len(texts) // 2}
    frequent = sorted(enough.items(), key=lambda item: (-len(item[1]), -len(item[0]), item[0]))
    for term, rows in frequent[: min(_WORDS, CELLS // (2 * max(len(texts), 1)))]:
        mask = np.zeros(len(texts), dtype=bool)
        mask[rows] = True
        yield Condition(Part(sort="words", value=term), mask)


__all__ = ["CELLS", "LEAST", "Condition", "conditions", "terms"]
