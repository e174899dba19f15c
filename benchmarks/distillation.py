"""What a teacher is worth to a student of fewer layers: the labels alone, its answers, its layers or attention too.

The teacher is the base model, trained as a whole. The students keep some of its base model's layers and are trained on
the same rows with the same number of steps: on the labels alone, with `distill`, and with `distill_hidden` or
`distill_attention` beside it.
`ensemble` is a whole model that learns from three teachers of other seeds, against the mean of single ones.

    python -m benchmarks DISTIL [--seeds 3] [--rows 400] [--epochs 4] [--only zh_]
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.arms import CLOCK, EPOCHS, Claim, gain, in_a_book, passes, train_arms
from benchmarks.record import graded

WAYS = ("answers", "layers", "relations")
STUDENTS = {"half": {"student.every": 2}, "third": {"student.every": 3}}


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Gain of each way of teaching over the labels alone, for each student, and what the smaller models cost."""
    return in_a_book(name, options.rows, lambda book: _measured(book, options.seeds, passes(name, options.epochs)))


def _measured(book: Any, seeds: int, epochs: int) -> dict[str, Any]:
    common = {**EPOCHS, "max_epochs": epochs}
    whole = train_arms(book, {"teacher": common}, seeds=seeds)["teacher"]
    teachers = [run.id for run in whole.runs]
    found: dict[str, Any] = {}
    for size, rows in STUDENTS.items():
        small = {**common, **rows}
        answers = {**small, "distill.teacher": teachers[0]}
        tables = {
            "labels": small,
            "answers": answers,
            "layers": {**answers, "distill_hidden.teacher": teachers[0]},
            "relations": {**answers, "distill_attention.teacher": teachers[0]},
        }
        arms = train_arms(book, tables, seeds=seeds)
        found[size] = {
            "lost_without": gain(whole, arms["labels"]),
            **{way: gain(arms["labels"], arms[way]) for way in WAYS},
            "parameters": [whole.mean("parameters"), arms["labels"].mean("parameters")],
            "seconds": {key: arm.mean(CLOCK) for key, arm in arms.items()},
        }
    several = {**common, "distill.teacher": teachers, "distill.weight": 1.0}
    ensemble = train_arms(book, {"ensemble": several}, seeds=seeds)["ensemble"]
    return {**found, "ensemble": gain(whole, ensemble)}


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Met: the teacher's answers surely gain for every student; partly: for some."""
    cases = [found[size] for found in sets.values() for size in STUDENTS]
    sure = sum(case["answers"]["lower"] > 0 for case in cases)
    verdict = graded(sure == len(cases), sure)
    mean = {way: 100 * sum(case[way]["gain"] for case in cases) / len(cases) for way in WAYS}
    lost = 100 * sum(case["lost_without"]["gain"] for case in cases) / len(cases)
    joined = 100 * sum(found["ensemble"]["gain"] for found in sets.values()) / len(sets)
    return verdict, (
        f"The teacher's answers surely gained in {sure} of {len(cases)} cases, {mean['answers']:+.1f} points on "
        f"average, with its layers {mean['layers']:+.1f}, with its relations {mean['relations']:+.1f}; a student "
        f"taught by labels alone is {lost:+.1f} points off its teacher. "
        f"One model taught by {len(next(iter(sets.values()))['ensemble']['a'])} others: {joined:+.1f}."
    )


main = Claim(
    says="A student of fewer layers is better with a teacher than with the labels alone.",
    sets=("en_sst2", "zh_thucnews_titles"),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 400, "epochs": 4},
).run

__all__ = ["STUDENTS", "WAYS", "judged", "main", "measured"]
