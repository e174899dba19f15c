"""A verdict made known: report, log of the book, index of the user, and the file that completes the test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from tunebook.abtest.marks import Marks
from tunebook.abtest.prepared import Course, PreparedTest
from tunebook.abtest.test_plan import metric_of
from tunebook.abtest.tested import logged_facts
from tunebook.core.nouns import write_json
from tunebook.core.verdict import Verdict
from tunebook.report.ab import Shown, write_ab_report
from tunebook.tables.in_force import diff
from tunebook.verbs.learn import remember

_LOGGED = (
    "test", "a", "b", "split", "metric", "verdict", "gain", "lower", "upper", "delta", "delta_kind", "alpha", "seeds",
    "n", "looks", "passed", "continues",
)  # fmt: skip


def publish(prepared: PreparedTest, course: Course, verdict: Verdict) -> None:
    """Write the report, log the test, and write the verdict last: what has a verdict is complete."""
    a, b = (arm.table for arm in prepared.arms)
    marks = course.marks(prepared)
    told = Shown(
        changes=diff(a, b),
        histories=(
            [pair.sides[0].run.history for pair in course.pairs],
            [pair.sides[1].run.history for pair in course.pairs],
        ),
        flipped=_texts(prepared, marks, verdict),
        plan=prepared.plan.model_dump(mode="json"),
    )
    write_ab_report(prepared.folder, verdict, told)
    _log(prepared, verdict)
    write_json(verdict, prepared.folder / "verdict.json")
    remember(prepared.book)


def _texts(prepared: PreparedTest, marks: tuple[Marks, Marks], verdict: Verdict) -> dict[str, list[dict[str, Any]]]:
    """The flipped rows with their texts and what both arms said, most often over the seeds."""
    rows, task, labels = prepared.exam.rows, marks[0].task, marks[0].labels
    said: list[Callable[[int], str]] = [_commonest(side) for side in marks]

    def true(row: int) -> str:
        return task.shown(task.true(prepared.exam.targets[row : row + 1], rows.at([row]), labels)[0])

    return {
        name: [
            {
                "id": rows.ids[row],
                "text": rows.texts[row],
                "pair": rows.pairs[row] if rows.pairs is not None else None,
                "true": true(row),
                "a": said[0](row),
                "b": said[1](row),
            }
            for row in numbers
        ]
        for name, numbers in verdict.extra["flipped"].items()
    }


def _commonest(marks: Marks) -> Callable[[int], str]:
    def said(row: int) -> str:
        known = [run[row : row + 1] for run in marks.logits if np.isfinite(run[row]).all()]
        answers = [marks.task.say(part, marks.exam.rows.at([row]), marks.labels)[0] for part in known]
        counts = Counter(marks.task.brief(answer).label for answer in answers).most_common(1)
        return f"{counts[0][0]} ({counts[0][1]}/{len(marks.logits)})" if counts else "–"

    return said


def _log(prepared: PreparedTest, verdict: Verdict) -> None:
    """Log the test once, and once more when it knows the effects of its rows."""
    book = prepared.book
    logged = [entry.evidence for entry in book.log.entries() if entry.evidence.get("test") == verdict.test]
    if any(bool(evidence.get("effects")) >= bool(verdict.effects) for evidence in logged):
        return
    evidence = {name: getattr(verdict, name) for name in _LOGGED}
    evidence |= {"effects": [effect.model_dump(mode="json") for effect in verdict.effects]}
    told = ("name", "held", "reported")
    evidence |= {"guardrails": [{name: getattr(item, name) for name in told} for item in verdict.guardrails]}
    evidence |= logged_facts(book, verdict, prepared.plan)
    gate = book.file.gate
    evidence["gate"] = {**gate.model_dump(mode="json"), "metric": metric_of(gate, prepared.arms[0].base)}
    book.log.append("test", reason=verdict.reason, table=verdict.b, evidence=evidence)


__all__ = ["publish"]
