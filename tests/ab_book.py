"""A small book with three versions of its table, and answers made by hand: what the tests of A/B tests stand on."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests import small
from tunebook.core.nouns import Labels
from tunebook.core.task import Rows
from tunebook.core.verdict import Gate, Verdict
from tunebook.tables.make import child
from tunebook.tasks.text_classification import TextClassification
from tunebook.verbs.ab import ab
from tunebook.verbs.abtest.arms import trained
from tunebook.verbs.abtest.scored import ArmScores, Exam
from tunebook.verbs.init import init
from tunebook.verbs.promote import promote, weigh
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.book_file import write_book_file

Array = NDArray[Any]
QUICK = {
    "learning_rate": 1e-4,
    "batch_size": 16,
    "max_epochs": 1,
    "precision": "fp32",
    "early_stopping_patience": "none",
}
BETTER = {"learning_rate": 2e-2, "max_epochs": 4}
SURE = {"learning_rate": 5e-3, "max_epochs": 12}  # learns with every seed
NAMES = ["bad", "good"]


def make_book(
    folder: Path, base: Path, rows: int = 100, learns: dict[str, float] = BETTER, split: str = "7:2:1"
) -> Book:
    """Versions: 2 hardly learns, 3 learns, 4 is 3 with another note."""
    file = small.write_records(folder / "rows.csv", "binary", rows)
    options = small.options("binary").model_copy(update={"split": split})
    book = init(folder / "book", file, model=str(base), options=options, owner="Ada")
    poor = book.tables.add(child(book.champion, QUICK, note="quick"))
    better = book.tables.add(child(poor, learns, note="learns"))
    book.tables.add(better.model_copy(update={"note": "the same", "parent": better.version}))
    return book


def set_gate(book: Book, **rows: Any) -> Book:
    """The book with other rows of its gate."""
    gate = Gate(**{**book.file.gate.model_dump(), **rows})
    write_book_file(book.file.model_copy(update={"gate": gate}), book.path)
    return open_book(book.path)


def make_proven(folder: Path, base: Path) -> Book:
    """A book whose v3 has passed a test against the champion v2, with the fresh runs of its promotion trained too."""
    book = set_gate(make_book(folder, base, 240, SURE, "3:1:1"), seeds=3, looks=[])
    promote(book, 2, force=True, reason="the table to beat")
    assert ab(book, 2, 3).passed
    trial = weigh(book, 3).trial
    assert trial is not None
    for arm, seed in product(trial.arms, trial.seeds):
        trained(book.path / "runs", arm.plan(seed))
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


def arm_scores(asked: Exam, right: Array, names: list[str] | None = None) -> ArmScores:
    """Marks of runs that are right or wrong as told, shape (K, N)."""
    labels = Labels(problem="single_label", names=names or NAMES)
    answers = np.stack([logits(asked, row, len(labels.names)) for row in right])
    return ArmScores(TextClassification(), labels, asked, answers)


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
