"""Scores and intervals of text classification, of answers and targets as arrays, for tests."""

from __future__ import annotations

from typing import Any

from tunebook.core.nouns import Interval, Labels
from tunebook.tasks.text_classification import TextClassification

TASK = TextClassification()


def labels_of(kind: str, classes: int = 0) -> Labels:
    """Labels with so many classes."""
    return Labels(problem=kind, names=[f"c{place}" for place in range(classes if kind != "regression" else 0)])


def scores(kind: str, answers: Any, targets: Any, classes: int = 0) -> dict[str, float]:
    """Metric -> value; answers of numbers may be of shape (N,), and classes are as many as outputs."""
    answers = answers[:, None] if answers.ndim == 1 and (classes or kind == "regression") else answers
    return TASK.scores(answers, targets, labels_of(kind, classes or answers.shape[-1]))


def intervals(kind: str, answers: Any, targets: Any, classes: int = 0, groups: Any = None) -> dict[str, Interval]:
    """Metric -> interval."""
    answers = answers[:, None] if answers.ndim == 1 and (classes or kind == "regression") else answers
    return TASK.intervals(answers, targets, labels_of(kind, classes or answers.shape[-1]), groups)
