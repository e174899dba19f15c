"""Rows with answers that no model has given, for tests of what is found in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from tunebook.core.answers import Rows
from tunebook.core.nouns import DataRef, Labels, Roles
from tunebook.diagnosis.looked import Looked, masses, measure_of
from tunebook.diagnosis.reading import Reading
from tunebook.tasks.tagging import Tagging
from tunebook.tasks.text_classification import TextClassification

WORDS = ("room", "food", "staff", "view", "price", "pool", "noise", "street", "desk", "bath")


def texts(count: int, seed: int = 0) -> list[str]:
    """Sentences of words drawn at random."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(3, 9))) + f" {number}" for number in range(count)]


def looked(
    said: Sequence[int] | np.ndarray,
    true: Sequence[int] | np.ndarray,
    names: Sequence[str] = ("bad", "good"),
    *,
    given: Sequence[str] | None = None,
    other: Mapping[str, Sequence[Any]] | None = None,
    **roles: Any,
) -> Looked:
    """Rows of classes with these answers, each with a probability of nine tenths and more."""
    answers = (4 * np.eye(len(names))[np.asarray(said)]).astype(np.float32)
    labels = Labels(problem="single_label", names=list(names))
    return with_answers(answers, np.asarray(true), labels, given, other, **roles)


def with_answers(
    answers: np.ndarray,
    targets: np.ndarray,
    labels: Labels,
    given: Sequence[str] | None = None,
    other: Mapping[str, Sequence[Any]] | None = None,
    **roles: Any,
) -> Looked:
    """The same with answers as a task has them."""
    task = Tagging() if labels.kind.classes == "none" and labels.names else TextClassification()
    count = len(targets)
    rows = Rows(given or texts(count), None, targets, [f"r{row}" for row in range(count)], other=other or {})
    plan = SimpleNamespace(task=task.key, labels=labels)
    run = SimpleNamespace(id="run", plan=plan, book=Path("nowhere"), path=Path("nowhere"))
    data = DataRef(
        path=Path("nowhere"), sources={}, roles=Roles(text="text", **roles), labels=labels, rows={}, content="c"
    )
    measure = measure_of(task, answers, targets, labels, task.headline(labels))
    mass = masses(task, answers, targets, labels, measure)
    return Looked(cast(Any, run), data, "validation", rows, answers, measure, mass)


def whole(count: int) -> Reading:
    """Rows that are read whole."""
    return Reading(np.zeros(count, dtype=bool), np.zeros(count, dtype=np.int64))
