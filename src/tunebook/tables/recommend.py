"""A second opinion on a table: what the rules would change in it today, and what its owner has set on purpose.

Beside them stand values that tests in other books have found to be better.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tunebook.core.localized import localized
from tunebook.core.nouns import ParamTable
from tunebook.core.params import Value
from tunebook.core.settings import Settings
from tunebook.knowledge.effects import Effect, RowTest, pooled_effects, row_tests
from tunebook.knowledge.lesson import Lesson
from tunebook.tables.advice import Advice, Confidence
from tunebook.tables.case import Case
from tunebook.tables.in_force import by_hand, replaced, settings_of, used
from tunebook.tables.make import child
from tunebook.tables.propose import advise
from tunebook.tables.rules import RowChange, Scaling, effective_batch, misfits, scaled_rate

TOGETHER = (("batch_size", "gradient_accumulation_steps"), ("warmup_ratio", "warmup_steps"))
LEAST_TESTS = 3
_NEVER = frozenset({"base_model", "seed", "metric"})  # what they are about differs from book to book


@dataclass(frozen=True)
class Suggestion:
    """A row whose advice differs from what the table has."""

    row: str
    before: Value
    advice: Advice

    def to_json(self) -> dict[str, Any]:
        """row, value, before, reason, source, confidence."""
        advice = self.advice
        return {
            "row": self.row,
            "value": advice.value,
            "before": self.before,
            "reason": advice.reason,
            "source": advice.source,
            "confidence": advice.confidence,
        }


@dataclass(frozen=True)
class Opinion:
    """What a table should have.

    Attributes:
        changes: rows to change.
        kept: rows that its owner has set, with the advice that was not taken.
    """

    changes: tuple[Suggestion, ...]
    kept: tuple[Suggestion, ...]


@dataclass(frozen=True)
class Asked:
    """What was asked for beside the plain advice.

    Attributes:
        scaling: how the learning rate follows a changed effective batch.
        everything: also change rows that were set on purpose.
        learnt: row -> advice of the knowledge base, which goes before the rules.
    """

    scaling: Scaling = "none"
    everything: bool = False
    learnt: Mapping[str, Advice] | None = None


def opinion(table: ParamTable, case: Case, asked: Asked | None = None) -> Opinion:
    """What today's advice would change in a table.

    Rows set on purpose are kept, with those that only make sense beside them; so is a row that follows from others,
    such as patience from the number of epochs.

    Args:
        case: the data, the model and the machine as they are now.
        asked: None for the plain advice.
    """
    asked = asked or Asked()
    values, settings = table.values(), settings_of(table)
    advice = {**advise(case), **(asked.learnt or {})}
    for row in replaced(values):  # it trains nothing beside a technique's row, of which the rules know nothing
        advice.pop(row, None)
    fixed = frozenset() if asked.everything else _set_on_purpose(table)
    kept = {name: item for name, item in advice.items() if name in fixed and item.value != values.get(name)}
    taken = {name: item for name, item in advice.items() if name not in fixed}
    rate = _scaled(values, settings, _taken(settings, taken), asked.scaling)
    if rate is not None:  # it was asked for, so it holds for a rate that was set on purpose too
        taken[used("learning_rate", values)[0]] = rate
        kept.pop("learning_rate", None)
    for change in misfits(_taken(settings, taken), case.rows):
        (kept if change.row in fixed else taken)[change.row] = _fitting(change)
    return Opinion(_suggestions(table, taken), _suggestions(table, kept))


def recommended(table: ParamTable, changes: Iterable[Suggestion], *, note: str = "", owner: str = "") -> ParamTable:
    """A child of a table with these changes, each with its reason and as the row's recommendation."""
    advice = {item.row: item.advice for item in changes}
    reasons = {name: item.words for name, item in advice.items()}
    made = child(table, _values(advice), note, owner or table.owner, reasons=reasons)
    rows = {
        name: row.model_copy(update={"recommended": row.value}) if name in advice and not advice[name].asked else row
        for name, row in made.rows.items()
    }
    return made.model_copy(update={"rows": rows})


def _set_on_purpose(table: ParamTable) -> frozenset[str]:
    found = {name for name, row in table.rows.items() if by_hand(row)}
    return frozenset(found.union(*(group for group in TOGETHER if found & set(group))))


def _values(advice: Mapping[str, Advice]) -> dict[str, Value]:
    return {name: item.value for name, item in advice.items()}


def _taken(settings: Settings, advice: Mapping[str, Advice]) -> Settings:
    """The settings with what is advised; rows of techniques are none of them."""
    return settings.model_copy(update={name: value for name, value in _values(advice).items() if "." not in name})


def _scaled(values: Mapping[str, Any], before: Settings, after: Settings, how: Scaling) -> Advice | None:
    rate = float(used("learning_rate", values)[1])
    change = scaled_rate(rate, effective_batch(before), effective_batch(after), how)
    if change is None:
        return None
    sure: Confidence = "medium" if how == "sqrt" else "low"
    return Advice(change.value, change.reason, localized(f"source.rate_{how}"), sure, asked=True)


def _fitting(change: RowChange) -> Advice:
    return Advice(change.value, change.reason, localized("source.fit"), "high")


def _suggestions(table: ParamTable, advice: Mapping[str, Advice]) -> tuple[Suggestion, ...]:
    """Advice that differs from the table, in the order of its rows; a technique that is off has no rows in it."""
    values = table.values()
    order = [*(name for name in values if name in advice), *(name for name in advice if name not in values)]
    pairs = [(name, values.get(name), advice[name]) for name in order]
    return tuple(Suggestion(name, before, item) for name, before, item in pairs if item.value != before)


def learnt(values: Mapping[str, Value], lessons: Iterable[Lesson], metric: str) -> dict[str, Advice]:
    """Row -> the value that did best in place of the one at hand, where that is proven.

    Proven: at least three tests compared the two values, on more than one data set, and the interval of their pooled
    effect leaves zero out. Tests in which the row cannot be told apart from others do not count.

    Args:
        values: row -> the value that would stand there otherwise.
        lessons: of books that are like this one.
        metric: by which the tests must have been judged.
    """
    known = list(lessons)
    rows = {str(item["row"]) for lesson in known for item in lesson.changed}
    found: dict[str, Advice] = {}
    for row in sorted(rows & set(values) - _NEVER):
        advice = _best(row, values[row], [test for test in row_tests(row, known) if test.lesson.metric == metric])
        if advice is not None:
            found[row] = advice
    return found


def _best(row: str, present: Value, tests: list[RowTest]) -> Advice | None:
    """The value whose gain over the present one has the highest lower end."""
    sides: dict[str, list[RowTest]] = {}
    for test in tests:
        if present in (test.old, test.new) and test.gain is not None:
            sides.setdefault(repr(_other(test, present)), []).append(test)
    proven: list[tuple[float, Advice]] = []
    for found in sides.values():
        for effect in pooled_effects(found):
            gain, lower, upper = _towards(effect, found[0], present)
            if effect.tests >= LEAST_TESTS and effect.pooled.count > 1 and lower > 0:
                proven.append((lower, _advice(effect, _other(found[0], present), present, (gain, lower, upper))))
    return max(proven, key=lambda item: item[0])[1] if proven else None


def _other(test: RowTest, present: Value) -> Any:
    return test.new if test.old == present else test.old


def _towards(effect: Effect, test: RowTest, present: Value) -> tuple[float, float, float]:
    """The pooled effect and its ends, of the change from the present value to the other one."""
    pooled = effect.pooled
    if (effect.direction == test.direction) == (test.old == present):
        return pooled.mean, pooled.lower, pooled.upper
    return -pooled.mean, -pooled.upper, -pooled.lower


def _advice(effect: Effect, value: Value, present: Value, gain: tuple[float, float, float]) -> Advice:
    mean, lower, upper = gain
    reason = localized("recommend.knowledge", value=value, before=present, effect=mean, lower=lower, upper=upper)
    everywhere = effect.sure in ("helps", "hurts")
    return Advice(value, reason, localized("source.knowledge", tests=effect.tests), "high" if everywhere else "medium")


__all__ = ["LEAST_TESTS", "TOGETHER", "Asked", "Opinion", "Suggestion", "by_hand", "learnt", "opinion", "recommended"]
