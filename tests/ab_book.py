"""A small book with three versions of its table, and answers made by hand: what the tests of A/B tests stand on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests import small
from tunebook.abtest.exam import Exam
from tunebook.abtest.marks import Marks
from tunebook.core.nouns import Labels
from tunebook.core.task import Rows
from tunebook.core.verdict import Verdict
from tunebook.tables.make import child
from tunebook.tasks.text_classification import TextClassification
from tunebook.verbs.book import Book
from tunebook.verbs.init import init

Array = NDArray[Any]
QUICK = {
    "learning_rate": 1e-4,
    "batch_size": 16,
    "max_epochs": 1,
    "precision": "fp32",
    "early_stopping_patience": "none",
}
BETTER = {"learning_rate": 2e-2, "max_epochs": 4}
NAMES = ["bad", "good"]


def make_book(folder: Path, base: Path, rows: int = 100) -> Book:
    """Versions: 2 hardly learns, 3 learns, 4 is 3 with another note."""
    file = small.write_records(folder / "rows.csv", "binary", rows)
    book = init(folder / "book", file, model=str(base), options=small.options("binary"), owner="Ada")
    poor = book.tables.add(child(book.champion, QUICK, note="quick"))
    better = book.tables.add(child(poor, BETTER, note="learns"))
    book.tables.add(better.model_copy(update={"note": "the same", "parent": better.version}))
    return book


def exam(rows: int, classes: int = 2, seed: int = 0) -> Exam:
    """Rows with targets of classes."""
    targets = np.random.default_rng(seed).integers(classes, size=rows)
    texts = [f"text {number}" for number in range(rows)]
    return Exam("validation", "validation", Rows(texts, None, targets, texts), f"key-{rows}-{seed}")


def logits(asked: Exam, right: Array, classes: int = 2) -> Array:
    """Logits that are right in the rows where `right` is true."""
    said = np.where(right, asked.targets, (asked.targets + 1) % classes)
    out: Array = np.eye(classes)[said] * 3.0
    return out.astype(np.float32)


def marks(asked: Exam, right: Array, names: list[str] | None = None) -> Marks:
    """Marks of runs that are right or wrong as told, shape (K, N)."""
    labels = Labels(problem="single_label", names=names or NAMES)
    answers = np.stack([logits(asked, row, len(labels.names)) for row in right])
    return Marks(TextClassification(), labels, asked, answers)


def gains(k: int, n: int, a: float, b: float, seed: int = 0) -> tuple[Array, Array]:
    """Right and wrong of two arms whose rows are right with these chances."""
    draw = np.random.default_rng(seed)
    level = draw.random(n)
    noise = draw.normal(0, 0.05, size=(2, k, n))
    return level + noise[0] < a, level + noise[1] < b


def same(one: Verdict, two: Verdict) -> bool:
    """Whether two verdicts say the same, whatever the runs took."""
    kept = ("verdict", "gain", "lower", "upper", "seeds", "history", "flips", "test")
    return all(getattr(one, name) == getattr(two, name) for name in kept)
