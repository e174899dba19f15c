"""What a change of texts costs: the score before and after on the same rows, flips, and whether a fall is proven."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.challenge.changed import Changed
from tunebook.challenge.perturbation import Perturbation
from tunebook.challenge.record import Capability, Example
from tunebook.core.answers import Answers, Rows, stacked
from tunebook.core.localized import localized
from tunebook.core.metric import Cells, Drawn
from tunebook.core.nouns import DataRef, Interval, Labels
from tunebook.core.task import Task
from tunebook.data.load import group_codes
from tunebook.stats.bootstrap import Units
from tunebook.stats.looks_of_a_year import holm
from tunebook.stats.proportion import right_interval
from tunebook.stats.randomization import swap_p

Array = NDArray[Any]
LEAST = 10  # rows of which anything is said
_EXAMPLES = 8
_SLOW = 199  # draws where each takes the whole score anew
Ask = Callable[[Rows, str], Answers]


@dataclass(frozen=True)
class Judge:
    """By what answers are judged.

    Attributes:
        labels: that the model knows; data: the book's rows; metric: of the scores.
        ask: gives the answers to rows and keeps them; the text names what they are. once: the same, not kept.
        lost: which rows are not read to their end, shape (N,).
    """

    task: Task
    labels: Labels
    data: DataRef
    metric: str
    ask: Ask
    once: Callable[[Rows], Answers] | None = None
    lost: Callable[[Rows], NDArray[np.bool_]] | None = None

    def groups(self, rows: Rows) -> NDArray[np.int64] | None:
        """Which rows were drawn together, shape (N,); None where each was by itself."""
        return group_codes(rows, self.data.roles)

    def cut(self, rows: Rows) -> int:
        """How many rows are not read to their end."""
        return 0 if self.lost is None else int(self.lost(rows).sum())

    def units(self, rows: Rows) -> Units:
        """What was drawn of rows."""
        return Units.of(len(rows), self.groups(rows))


def measured(judge: Judge, rows: Rows, before: Answers, changed: Changed, how: Perturbation) -> Capability:
    """What a perturbation costs.

    Args:
        rows: that were changed, all that were drawn; before: answers to them.
    """
    made = Capability(key=how.key, group=how.capability, source="perturbation", expects=how.expects)
    made = made.model_copy(update={"rows": len(changed.rows), "unchanged": changed.unchanged})
    if len(changed.rows) < LEAST:
        reason = localized("challenge.few", rows=len(changed.rows), least=LEAST)
        return made.model_copy(update={"skipped": reason})
    after = judge.ask(changed.rows, how.key)
    old = before[changed.places]
    same = rows.at(changed.places.tolist(), columns=True)
    made = made.model_copy(update={"cut": judge.cut(changed.rows), "cut_before": judge.cut(same)})
    return compared(judge, made, (same, old), (changed.rows, after), changed)


def compared(
    judge: Judge, made: Capability, before: tuple[Rows, Answers], after: tuple[Rows, Answers], changed: Changed
) -> Capability:
    """A capability with its score, the fall, flips and examples, of the same rows before and after."""
    from tunebook.verbs.steps.ahead import ahead

    units = judge.units(before[0])
    sides = [(answers, rows, judge.labels) for rows, answers in (before, after)]
    fall = ahead(judge.task, judge.metric, sides[0], sides[1], units)
    differ = _differ(judge, before[1], after[1], changed)
    score = scored(judge, *after)
    return made.model_copy(
        update={
            "score": score,
            "before": score.value + fall.value,
            "fall": fall,
            "flipped": right_interval(differ, units),
            "p_value": _p_value(judge, before, after, (differ, units)),
            "examples": examples(judge, before, after),
        }
    )


def scored(judge: Judge, rows: Rows, answers: Answers) -> Interval:
    """The metric on rows, with its interval; of a metric without one the ends are the value."""
    assert rows.targets is not None
    found = judge.task.intervals(answers, rows.targets, judge.labels, judge.groups(rows)).get(judge.metric)
    if found is not None:
        return found
    value = judge.task.scores(answers, rows.targets, judge.labels)[judge.metric]
    return Interval(value=value, low=value, high=value)


def _differ(judge: Judge, before: Answers, after: Answers, changed: Changed) -> Array:
    """Which rows are answered otherwise, shape (N,); marked places by where they lie now."""
    old = changed.carried(judge.task.decided(before, judge.labels))
    new = judge.task.decided(after, judge.labels)
    if not np.issubdtype(new.dtype, np.floating):
        both = stacked([old, new])
        return np.asarray((both[0] != both[1]).any(axis=1))
    return np.asarray(np.abs(old - new).max(axis=1) > 1e-3 * max(1.0, float(np.abs(old).max())))


def _p_value(
    judge: Judge, before: tuple[Rows, Answers], after: tuple[Rows, Answers], seen: tuple[Array, Units]
) -> float:
    metric = judge.task.metric(judge.labels, judge.metric)
    a, b = (metric.rows(answers, np.asarray(rows.targets), judge.labels) for rows, answers in (before, after))
    if isinstance(a, Drawn) or isinstance(b, Drawn):
        return _p_of_answers(judge, before, after, seen)
    if isinstance(a, Cells) and isinstance(b, Cells):
        first, second = a.places, b.places

        def cells(swapped: Array) -> float:
            sides = np.where(swapped, second, first), np.where(swapped, first, second)
            return metric.value(replace(a, places=sides[0])) - metric.value(replace(b, places=sides[1]))

        return swap_p(cells, first != second, seen[1])
    old, new = np.asarray(a), np.asarray(b)

    def fall(swapped: Array) -> float:
        mask = swapped.reshape(-1, *[1] * (old.ndim - 1))
        return metric.value(np.where(mask, new, old)) - metric.value(np.where(mask, old, new))

    differ = (old != new).reshape(len(old), -1).any(axis=1)
    return swap_p(fall, differ, seen[1])


def _p_of_answers(
    judge: Judge, before: tuple[Rows, Answers], after: tuple[Rows, Answers], seen: tuple[Array, Units]
) -> float:
    """The same of a score without parts: the answers themselves are swapped, which takes longer."""
    rows, old = before
    new, targets = after[1], rows.targets
    assert targets is not None

    def value(answers: Array) -> float:
        return judge.task.scores(answers, targets, judge.labels)[judge.metric]

    def fall(swapped: Array) -> float:
        mask = swapped[:, None]
        return value(np.where(mask, new, old)) - value(np.where(mask, old, new))

    return swap_p(fall, (old != new).any(axis=1), seen[1], draws=_SLOW)


def examples(judge: Judge, before: tuple[Rows, Answers], after: tuple[Rows, Answers]) -> list[Example]:
    """Rows that were answered rightly before and are not now, as they came."""
    right = [rights(judge, rows, answers) for rows, answers in (before, after)]
    return examples_of(judge, before, after, right[0] & ~right[1])


def rights(judge: Judge, rows: Rows, answers: Answers) -> Array:
    """Which rows are answered wholly rightly, shape (N,)."""
    return np.array([judge.task.badness(record, judge.labels) is None for record in _said(judge, rows, answers)])


def examples_of(
    judge: Judge, before: tuple[Rows, Answers], after: tuple[Rows, Answers], chosen: Array
) -> list[Example]:
    """The first few of the rows that are chosen, (N,), with what was answered to both texts."""
    places = np.flatnonzero(chosen)[:_EXAMPLES].tolist()
    if not places:  # answers to no rows have no form
        return []
    (rows, old), (new, now) = ((rows.at(places), answers[places]) for rows, answers in (before, after))
    return [
        Example(
            row=str(rows.ids[number]),
            before=shown(rows, number),
            after=shown(new, number),
            true=judge.task.shown(said["true"]),
            said_before=answer_text(judge, first),
            said_after=answer_text(judge, said),
        )
        for number, (first, said) in enumerate(zip(_said(judge, rows, old), _said(judge, new, now), strict=True))
    ]


def answer_text(judge: Judge, record: dict[str, Any]) -> str:
    """What a record of `say` answers, on one line."""
    return judge.task.shown(record[next(iter(judge.task.blank(judge.labels)))])


def _said(judge: Judge, rows: Rows, answers: Answers) -> list[dict[str, Any]]:
    assert rows.targets is not None
    said = judge.task.say(answers, rows, judge.labels)
    true = judge.task.true(rows.targets, rows, judge.labels)
    return [{"true": label, **one} for label, one in zip(true, said, strict=True)]


def shown(rows: Rows, number: int) -> str:
    """A row's text, and its second one behind an arrow."""
    second = "" if rows.pairs is None else f" ↔ {rows.pairs[number]}"
    return f"{rows.texts[number]}{second}"


def judged(found: Sequence[Capability], level: float) -> list[Capability]:
    """With the falls marked that are proven beyond chance, all that were looked at counted (Holm)."""
    tested = [item for item in found if item.p_value is not None]
    proven = dict(
        zip((id(item) for item in tested), holm([item.p_value or 0.0 for item in tested], level), strict=True)
    )
    return [item.model_copy(update={"failed": proven.get(id(item), False)}) for item in found]


__all__ = [
    "LEAST", "Ask", "Judge", "answer_text", "compared", "examples", "examples_of", "judged", "measured", "rights",
    "scored", "shown",
]  # fmt: skip
