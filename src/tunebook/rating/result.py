"""From ratings to what they say: an arbiter's word in place of those it decides, each row counted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.rating.draw import assigned
from tunebook.rating.notes import notes_of
from tunebook.rating.records import (
    Agreement,
    Duel,
    Gap,
    Judged,
    Part,
    Points,
    Rater,
    RatingResult,
    Strength,
)
from tunebook.rating.session import Session, meaning
from tunebook.rating.store import Rating, of_raters
from tunebook.rating.study import PAIRS, SCORES, Item, Study
from tunebook.stats.agreement import TENTATIVE, Scale, alpha_interval
from tunebook.stats.bradley_terry import Duels, fit, strength_intervals
from tunebook.stats.raters import Crossed, crossed_mean
from tunebook.stats.times_share import times_share

Array = NDArray[Any]
_PART = 10  # rows below which nothing is said of a part


@dataclass(frozen=True)
class _Said:
    """Ratings of one question and kind: the item, the rater, and what was meant; one line each."""

    study: Study
    kind: str
    items: list[Item]
    raters: list[str]
    meant: list[int]

    def __len__(self) -> int:
        return len(self.items)

    def at(self, chosen: Sequence[int]) -> _Said:
        """Some of the lines."""
        return _Said(
            self.study,
            self.kind,
            [self.items[n] for n in chosen],
            [self.raters[n] for n in chosen],
            [self.meant[n] for n in chosen],
        )

    def of_pair(self, a: int, b: int) -> _Said:
        """Those that compare two runs."""
        return self.at([n for n, item in enumerate(self.items) if item.runs[0] == [a] and item.runs[-1] == [b]])

    @property
    def rows(self) -> Array:
        """Ids of the rows."""
        return np.array([item.row for item in self.items])

    @property
    def groups(self) -> Array | None:
        """Of the rows, where some were drawn together."""
        return _groups(self.study, self.rows)

    @property
    def people(self) -> Array:
        """Names of the raters."""
        return np.array(self.raters)

    @property
    def won(self) -> Array:
        """1 where the item's first answer is better, -1 where the second is, 0 where neither is."""
        return np.array([{0: 1, 1: -1}.get(one, 0) for one in self.meant])


def result_of(session: Session) -> RatingResult:
    """What a study has found so far.

    Raises:
        BookError: `rate.damaged`, `rate.study_changed`.
    """
    study, ratings, check = session.study, session.ratings(), session.store.verify()
    asked = [_judged(session, ratings, kind, key) for kind in (PAIRS, SCORES) for key in study.keys]
    judged = [one for one in asked if one is not None]
    found = RatingResult(
        study=study.id, content=study.content, split=study.split, runs=[run.run for run in study.runs],
        ratings=len(ratings), head=check.head, intact=check.ok, raters=_raters(session, ratings), judged=judged,
    )  # fmt: skip
    return found.model_copy(update={"notes": notes_of(found)})


def _judged(session: Session, ratings: Sequence[Rating], kind: str, key: str) -> Judged | None:
    study = session.study
    items = {item.key: item for item in study.items if item.kind == kind}
    asked = [rating for rating in ratings if rating.question == key and rating.item in items]
    own = of_raters(asked)
    if not own:
        return None
    decided = {rating.item: rating for rating in of_raters(asked, "arbiter")}
    counted = [rating for rating in own if rating.item not in decided] + list(decided.values())
    said, before = _said(study, kind, items, counted), _said(study, kind, items, own)
    common: dict[str, Any] = {
        "kind": kind, "question": key, "ratings": len(counted), "rows": len(set(said.rows.tolist())),
        "raters": len(set(before.raters)), "agreement": _agreement(before, key), "decided": len(decided),
        "disagreements": [
            one for one in session.disagreements(ratings) if one.question == key and one.item in items
        ],
    }  # fmt: skip
    if kind == PAIRS:
        return Judged(**common, **_pairs(said), left=_left(own, items))
    return Judged(**common, **_scores(said, study.question(key).points))


def _said(study: Study, kind: str, items: dict[str, Item], ratings: Sequence[Rating]) -> _Said:
    found = [items[rating.item] for rating in ratings]
    meant = [meaning(item, rating) for item, rating in zip(found, ratings, strict=True)]
    return _Said(study, kind, found, [rating.rater for rating in ratings], meant)


def _agreement(said: _Said, key: str) -> Agreement:
    pairs = said.kind == PAIRS
    values = [-1, 0, 1] if pairs else list(range(1, said.study.question(key).points + 1))
    units = {name: place for place, name in enumerate(dict.fromkeys(item.key for item in said.items))}
    counts = np.zeros((len(units), len(values)))
    for item, meant in zip(said.items, said.meant, strict=True):
        counts[units[item.key], values.index(meant)] += 1
    scale: Scale = "nominal" if pairs else "ranked"
    row = {item.key: item.row for item in said.items}
    alpha = alpha_interval(counts, scale, groups=_groups(said.study, [row[name] for name in units]))
    several = int((counts.sum(1) > 1).sum())
    return Agreement(alpha=alpha, scale=scale, units=several, low=bool(alpha.value < TENTATIVE))


def _pairs(said: _Said) -> dict[str, Any]:
    """Wins, strengths and parts of pairs."""
    study, names = said.study, [run.run for run in said.study.runs]
    duels, parts = [], []
    for a, b in combinations(range(len(names)), 2):
        chosen = said.of_pair(a, b)
        if not len(chosen):
            continue
        duels.append(_duel(study, chosen, a, b))
        parts += _parts(chosen, (names[a], names[b]), -chosen.won, chosen.rows, chosen.people, 1.0)
    ends = np.array([[item.runs[0][0], item.runs[1][0]] for item in said.items])
    crossed = Crossed.of(said.rows, said.people)
    told = Duels(ends[:, 0], ends[:, 1], said.won, crossed.weight, len(names))
    strengths = strength_intervals(told, said.rows, said.people, groups=said.groups)
    return {
        "duels": duels,
        "parts": parts,
        "strengths": [Strength(run=run, strength=one) for run, one in zip(names, strengths, strict=True)],
        "penalised": fit(told).penalised,
    }


def _duel(study: Study, said: _Said, a: int, b: int) -> Duel:
    crossed, won = Crossed.of(said.rows, said.people), said.won
    shares = {name: float(crossed.weight @ (won == sign)) for name, sign in (("won_a", 1), ("won_b", -1), ("ties", 0))}
    net = _within(crossed_mean(-won, said.rows, said.people, groups=said.groups, centre=0.0), 1.0)
    place = next(place for place, one in enumerate(study.differing) if (one.a, one.b) == (a, b))
    known = study.differing[place]
    effective = study.effective[place] if study.effective else known.rows
    overall = times_share(net, known.differ / max(known.rows, 1), max(effective, 1))
    names = {"a": study.runs[a].run, "b": study.runs[b].run}
    return Duel(**names, rows=crossed.rows, **shares, net=net, differ=known.differ, of=known.rows, overall=overall)


def _groups(study: Study, rows: Sequence[str] | Array) -> Array | None:
    """Numbers of the groups of rows; None where each row was drawn by itself."""
    return np.array([study.groups[row] for row in rows]) if study.groups else None


def _within(found: Interval, most: float) -> Interval:
    return _between(found, -most, most)


def _between(found: Interval, least: float, most: float) -> Interval:
    """What can be, of an interval by a normal law that knows of no ends: with few ratings it goes beyond them."""
    return Interval(value=found.value, low=max(found.low, least), high=min(found.high, most))


def _scores(said: _Said, most: int) -> dict[str, Any]:
    """Points of each run, 1 to `most`, and gaps between runs on rows where one rater judged both."""
    names = [run.run for run in said.study.runs]
    points, gaps, parts = [], [], []
    told: list[dict[tuple[str, str], int]] = [{} for _ in names]
    for item, rater, meant in zip(said.items, said.raters, said.meant, strict=True):
        for run in item.runs[0]:
            told[run][item.row, rater] = meant
    for name, known in zip(names, told, strict=True):
        if known:
            rows, people = (np.array(side) for side in zip(*known, strict=True))
            mean = crossed_mean(np.array(list(known.values())), rows, people, groups=_groups(said.study, rows))
            mean = _between(mean, 1.0, float(most))
            points.append(Points(run=name, rows=len(set(rows.tolist())), mean=mean))
    slices = {item.row: item for item in said.items}
    for a, b in combinations(range(len(names)), 2):
        both = [place for place in told[a] if place in told[b]]
        if not both:
            continue
        rows, people = (np.array(side) for side in zip(*both, strict=True))
        gains = np.array([told[b][place] - told[a][place] for place in both])
        gap = _within(crossed_mean(gains, rows, people, groups=_groups(said.study, rows)), most - 1)
        gaps.append(Gap(a=names[a], b=names[b], rows=len(set(rows.tolist())), gap=gap))
        lines = said.study, said.kind, [slices[row] for row, _ in both], people.tolist(), [0] * len(both)
        parts += _parts(_Said(*lines), (names[a], names[b]), gains, rows, people, most - 1)
    return {"points": points, "gaps": gaps, "parts": parts}


def _parts(said: _Said, names: tuple[str, str], gains: Array, rows: Array, people: Array, most: float) -> list[Part]:
    """The gain, at most `most`, on each part of the rows that is large enough; their levels together hold 95 %."""
    centre = 0.0 if said.kind == PAIRS else None
    wanted = sorted({slice_ for item in said.items for slice_ in item.slices.items()})
    found = []
    for name, value in wanted:
        chosen = np.array([item.slices.get(name) == value for item in said.items])
        count = len(set(rows[chosen].tolist()))
        if count >= _PART and not chosen.all():
            found.append((name, value, chosen, count))
    return [
        Part(
            name=name, value=value, a=names[0], b=names[1], rows=count,
            gain=_within(
                crossed_mean(
                    gains[chosen], rows[chosen], people[chosen], groups=_groups(said.study, rows[chosen]),
                    centre=centre, level=1 - 0.05 / len(found),
                ),
                most,
            ),
        )
        for name, value, chosen, count in found
    ]  # fmt: skip


def _left(own: Sequence[Rating], items: dict[str, Item]) -> Interval | None:
    """Share of the left side among what was preferred."""
    chosen = [rating for rating in own if rating.value in ("1", "2")]
    if not chosen:
        return None
    sides = np.array([1 if rating.value == "1" else -1 for rating in chosen])
    rows = np.array([items[rating.item].row for rating in chosen])
    net = _within(crossed_mean(sides, rows, np.array([rating.rater for rating in chosen]), centre=0.0), 1.0)
    return Interval(**{end: (1 + getattr(net, end)) / 2 for end in ("value", "low", "high")})


def _raters(session: Session, ratings: Sequence[Rating]) -> list[Rater]:
    study, told = session.study, {(one.rater, one.role) for one in ratings}
    names = [(name, "rater") for name in study.raters] + sorted(told - {(name, "rater") for name in study.raters})
    found = []
    for name, role in names:
        mine = [one for one in ratings if (one.rater, one.role) == (name, role)]
        whole = sum(count == len(study.keys) for count in Counter(one.item for one in mine).values())
        of = len(assigned(study, name)) if role == "rater" else len({one.item for one in mine})
        changed = sum(len([value for value in one.before if value]) for one in mine)
        found.append(Rater(rater=name, role=role, done=whole if role == "rater" else of, of=of, changed=changed))
    return found


__all__ = ["result_of"]
