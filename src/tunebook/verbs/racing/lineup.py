"""Who races: the champion, the recommended table, and tables that are drawn near both, a handful of other values within
the declared ranges, spread evenly.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

from tunebook.core.call_check import Allow
from tunebook.core.errors import PlanError, TunebookError
from tunebook.core.nouns import ParamTable, Plan
from tunebook.core.params import Value
from tunebook.core.progress import Progress, Silent
from tunebook.tables.in_force import diff
from tunebook.tables.make import child
from tunebook.verbs.racing.state import CHAMPION, RECOMMENDED, AutoSpec, Candidate, StateFile
from tunebook.verbs.steps.book import Book
from tunebook.verbs.trials.space import Axis, Space, make_space

_AWAY = math.log(4)  # how far a value on a logarithmic axis is moved at most
_SHARE = 1 / 3  # the same on a linear axis, as a share of its range
_OTHERS = 1 / 3  # chance that a row beside the first one is changed too
_MORE = "max_epochs"  # beside the usual rows of a search: with few rows it counts as much as the rate
_DIGITS = 3
_DRAWS = 4  # tables that are drawn for each that is wanted, where some of them cannot be planned


def near(tables: Sequence[ParamTable], count: int, seed: str) -> Iterator[ParamTable]:
    """Children of these tables in turn, without end.

    Each changes the first of its rows (the learning rate, where that acts) and some of the others. The places of each
    row are a Latin hypercube over every `count` tables, so that a handful covers the range from end to end.

    Args:
        seed: of the draws; the same one gives the same tables.

    Source: McKay, Beckman and Conover, Technometrics 21, 1979 (Latin hypercube).
    """
    draw = random.Random(seed)
    spaces = [_space(table) for table in tables]
    while True:
        places: dict[str, list[float]] = {}
        for number in range(count):
            table, space = tables[number % len(tables)], spaces[number % len(tables)]
            values = table.values()
            changed: dict[str, Value] = {}
            for axis in space.axes:
                strata = places.setdefault(axis.name, _strata(count, draw))
                if not changed or draw.random() < _OTHERS:
                    changed[axis.name] = moved(axis, values.get(axis.name), strata[number])
            yield child(table, {name: value for name, value in changed.items() if value != values.get(name)})


def _strata(count: int, draw: random.Random) -> list[float]:
    """One place in each of `count` equal parts of 0 .. 1, in random order."""
    places = [(number + draw.random()) / count for number in range(count)]
    draw.shuffle(places)
    return places


def _space(table: ParamTable) -> Space:
    usual = make_space(table)
    names = [axis.name for axis in usual.axes]
    try:
        return make_space(table, [*names, _MORE])
    except PlanError:  # it has no effect there
        return usual


def moved(axis: Axis, value: Any, place: float) -> Value:
    """A value of an axis near the present one, `place` 0 .. 1 between the ends of the neighbourhood.

    A value that is not on the axis (off, or 0 on a logarithmic one) has the whole axis as its neighbourhood.
    """
    low, high = float(axis.low), float(axis.high)
    to, back = (math.log, math.exp) if axis.log else (float, float)
    first, last = to(low), to(high)
    if axis.holds(value):
        reach = _AWAY if axis.log else _SHARE * (last - first)
        first, last = max(first, to(value) - reach), min(last, to(value) + reach)
    found = back(first + (last - first) * place)
    if axis.kind == "int":
        return round(found)
    return min(max(float(f"{found:.{_DIGITS}g}"), low), high)


def line_up(
    book: Book, state_file: StateFile, champion: Plan, allow: Allow, progress: Progress | None = None
) -> dict[str, Plan]:
    """Name -> plan of every table that can be planned; at the first call they are drawn.

    Tables that cannot be planned are noted with the reason, those that train the same run as another are left out.
    """
    from tunebook.verbs.steps.plan import plan

    watch, wanted = progress or Silent(), state_file.state.spec.tries
    watch.start("lineup", wanted + 1)
    if state_file.state.candidates:
        there = [item for item in state_file.state.candidates if item.state != "refused"]
        known = {}
        for item in there:
            known[item.name] = plan(item.table, book.data, allow=allow)
            watch.advance()
        watch.finish()
        return known
    plans, found = {CHAMPION: champion}, [Candidate(name=CHAMPION, table=book.champion, state="champion")]
    watch.advance()
    for name, table in _drawn(book, state_file.state.spec, allow):
        if len(plans) > wanted:
            break
        changed = {row["row"]: row["to"] for row in diff(book.champion, table)}
        own = name or str(len(found))
        try:
            made = plan(table, book.data, allow=allow)
        except TunebookError as error:
            why = f"[{error.code}] {error.message}"
            found.append(Candidate(name=own, table=table, changed=changed, state="refused", why=why))
            continue
        if made.id not in {other.id for other in plans.values()}:
            plans[own] = made
            found.append(Candidate(name=own, table=table, changed=changed))
            watch.advance()
    watch.finish()
    state_file.state = state_file.state.model_copy(update={"candidates": found})  # on disk with the first purchase
    return plans


def _drawn(book: Book, spec: AutoSpec, allow: Allow) -> Iterator[tuple[str, ParamTable]]:
    """The recommended table, where it differs, and as many drawn ones as may be needed.

    Advice is taken on rows that were set on purpose too: the champion, which has them, races against it.
    """
    from tunebook.verbs.steps.recommend import Wish, recommend

    advice = recommend(book, Wish(everything=True), dry_run=True, allow=allow).table
    if advice is not None:
        yield RECOMMENDED, advice
    tables = [book.champion, *([advice] if advice is not None else [])]
    draws = near(tables, spec.tries, spec.id)
    for _ in range(_DRAWS * spec.tries):
        yield "", next(draws)


__all__ = ["line_up", "moved", "near"]
