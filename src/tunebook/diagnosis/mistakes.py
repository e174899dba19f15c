"""Single mistakes: which class was taken for which, and what is wrong with marked places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from tunebook.core.nouns import Interval
from tunebook.diagnosis.records import Confusion, SpanErrors
from tunebook.stats.class_pairs import chance_of_pairs, more_than_chance
from tunebook.stats.proportion import wilson_interval

if TYPE_CHECKING:
    from tunebook.diagnosis.looked import Looked

SpanSort = Literal["boundary", "class", "both", "missed", "invented"]
Place = Mapping[str, Any]
SURE = 0.05  # corrected p-value from which on a pair is more than chance
_SHOWN, _IDS = 30, 50


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong in a row.

    Attributes:
        row: its number; true, said: the class, empty where there is none.
    """

    row: int
    true: str
    said: str
    sort: SpanSort = "class"


def mistakes(looked: Looked) -> list[Mistake]:
    """All mistakes in classes, of rows that have one or several or places with one; none of other answers."""
    if not looked.labels.names:
        return []
    key = next(iter(looked.task.blank(looked.labels)))
    found: list[Mistake] = []
    for row, (true, said) in enumerate(zip(looked.true, (answer[key] for answer in looked.said), strict=True)):
        if isinstance(true, str):
            found += [Mistake(row, true, str(said))] if said != true else []
        elif isinstance(true, list) and _placed(true) and _placed(said):
            found += of_places(row, true, said)
        elif isinstance(true, list) and all(isinstance(item, str) for item in true):
            found += _of_sets(row, true, said)
    return found


def _placed(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, Mapping) and "label" in item for item in items)


def _of_sets(row: int, true: Sequence[str], said: Sequence[str]) -> Iterator[Mistake]:
    """Each class that is missed beside each that is said in its place."""
    missed, invented = ([name for name in one if name not in other] for one, other in ((true, said), (said, true)))
    for name in missed:
        yield from (Mistake(row, name, other) for other in invented or [""])
    if not missed:
        yield from (Mistake(row, "", other) for other in invented)


def of_places(row: int, true: Sequence[Place], said: Sequence[Place]) -> Iterator[Mistake]:
    """What is wrong with the places of a row: those that overlap are held against each other, the largest share first
    and of equal ones that of one class, each once."""
    given = [{_key(place) for place in places} for places in (true, said)]
    left = [place for place in true if _key(place) not in given[1]]
    right = [place for place in said if _key(place) not in given[0]]
    shared = sorted(
        (-_overlap(one, other), one["label"] != other["label"], first, second)
        for first, one in enumerate(left)
        for second, other in enumerate(right)
    )
    used: tuple[set[int], set[int]] = (set(), set())
    for size, _, first, second in shared:
        if size >= 0 or first in used[0] or second in used[1]:
            continue
        used[0].add(first)
        used[1].add(second)
        yield _of_pair(row, left[first], right[second])
    yield from (Mistake(row, one["label"], "", "missed") for place, one in enumerate(left) if place not in used[0])
    yield from (Mistake(row, "", one["label"], "invented") for place, one in enumerate(right) if place not in used[1])


def _key(place: Place) -> tuple[Any, ...]:
    return place["start"], place["end"], place["label"]


def _overlap(one: Place, other: Place) -> float:
    """Shared characters over all of both."""
    shared: float = min(one["end"], other["end"]) - max(one["start"], other["start"])
    whole: float = max(one["end"], other["end"]) - min(one["start"], other["start"])
    return max(0.0, shared / max(1.0, whole))


def _of_pair(row: int, one: Place, other: Place) -> Mistake:
    placed = (one["start"], one["end"]) == (other["start"], other["end"])
    sort: SpanSort = "class" if placed else "boundary" if one["label"] == other["label"] else "both"
    return Mistake(row, one["label"], other["label"], sort)


def confusions(looked: Looked, found: Sequence[Mistake]) -> list[Confusion]:
    """Pairs of classes that are taken for each other: those that are more than chance first, then by their number.

    Of rows in groups a pair counts once a group for the test.
    """
    names = looked.labels.names
    place = {name: number for number, name in enumerate(names)}
    assert looked.rows.targets is not None
    present = looked.task.present(looked.rows.targets, looked.labels).sum(0)
    if len(present) != len(names):
        return []
    rows: dict[tuple[int, int], list[int]] = defaultdict(list)
    for one in found:
        if one.true in place and one.said in place and one.true != one.said:
            rows[place[one.true], place[one.said]].append(one.row)
    seen = np.zeros((len(names), len(names)), dtype=np.int64)
    codes = looked.units.codes
    for (true, said), where in rows.items():
        seen[true, said] = len(where) if codes is None else len({int(codes[row]) for row in where})
    chance = chance_of_pairs(present)
    p_values = more_than_chance(seen, chance)
    made = [
        Confusion(
            true=names[true],
            said=names[said],
            count=len(where),
            of=int(present[true]),
            share=_wilson(len(where), max(int(present[true]), len(where))),
            expected=float(seen.sum() * chance[true, said]),
            p_value=float(p_values[true, said]),
            found=bool(p_values[true, said] <= SURE),
            ids=_ids(looked, where),
        )
        for (true, said), where in rows.items()
    ]
    made.sort(key=lambda pair: (not pair.found, -pair.count, pair.p_value, pair.true, pair.said))
    return made[:_SHOWN]


def span_errors(looked: Looked, found: Sequence[Mistake]) -> list[SpanErrors]:
    """Mistakes in marked places by what is wrong; nothing of other answers."""
    if looked.labels.kind.classes != "none" or not found:
        return []
    rows: dict[str, list[int]] = defaultdict(list)
    for one in found:
        rows[one.sort].append(one.row)
    return [
        SpanErrors(
            sort=cast(SpanSort, sort),
            count=len(where),
            share=_wilson(len(where), len(found)),
            ids=_ids(looked, where),
        )
        for sort, where in sorted(rows.items(), key=lambda item: -len(item[1]))
    ]


def _wilson(hits: int, rows: int) -> Interval:
    return wilson_interval(hits, rows)


def _ids(looked: Looked, rows: Sequence[int]) -> list[str]:
    return [str(looked.rows.ids[row]) for row in dict.fromkeys(rows)][:_IDS]


__all__ = ["SURE", "Mistake", "SpanSort", "confusions", "mistakes", "of_places", "span_errors"]
