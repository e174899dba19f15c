"""Advice of the knowledge base: values that tests in other books have found to be better than the one at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tunebook.core.params import Value
from tunebook.core.said import said
from tunebook.knowledge.effects import Effect, RowTest, pooled_effects, row_tests
from tunebook.knowledge.lesson import Lesson
from tunebook.tables.propose import Advice

LEAST_TESTS = 3
_NEVER = frozenset({"base_model", "seed", "metric"})  # what they are about differs from book to book


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
    reason = said("recommend.knowledge", value=value, before=present, effect=mean, lower=lower, upper=upper)
    everywhere = effect.sure in ("helps", "hurts")
    return Advice(value, reason, said("source.knowledge", tests=effect.tests), "high" if everywhere else "medium")


__all__ = ["LEAST_TESTS", "learnt"]
