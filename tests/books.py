"""One small book of each kind of problem, trained once for all tests of the verbs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests import ab_book, small
from tunebook.core.nouns import Report
from tunebook.engine.infer import Inference
from tunebook.tables.make import child
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.init import init
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train

QUICK = {
    "learning_rate": 1e-2, "batch_size": 16, "max_epochs": 2, "precision": "fp32", "warmup_ratio": 0.1,
    "early_stopping_patience": None,
}  # fmt: skip


@dataclass(frozen=True)
class Trained:
    """A book with a run that was evaluated on its test split, without baselines."""

    kind: str
    file: Path
    book: Book
    run: Run
    report: Report


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def trained(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trained]:
    @cache
    def make(kind: str) -> Trained:
        folder = tmp_path_factory.mktemp(kind)
        longer = kind == "classes"  # one of them long enough to learn
        file = small.write_records(folder / "rows.csv", kind, 240 if longer else 120)
        book = init(folder / "book", file, model=str(base), options=small.options(kind), owner="Ada")
        table = child(book.champion, {**QUICK, "max_epochs": 10 if longer else 2})
        run = train(plan(table, book.data), book.path / "runs", track=())
        return Trained(kind, file, book, run, evaluate(run, with_baselines=False))

    return make


@pytest.fixture
def book(base: Path, tmp_path: Path) -> Book:
    """A fresh book of two classes, for tests that change it."""
    file = small.write_records(tmp_path / "rows.csv", "binary", 80)
    return init(tmp_path / "book", file, model=str(base), options=small.options("binary"), owner="Ada")


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often a model was run over rows since this was last asked; single rows, for their latency, do not count."""
    found: list[int] = []
    run = Inference.run

    def counted(self: Inference, model: Any, encoded: Any, *more: Any, **named: Any) -> Any:
        found.extend([len(encoded)] * (len(encoded) > 1))
        return run(self, model, encoded, *more, **named)

    monkeypatch.setattr(Inference, "run", counted)

    def since() -> int:
        count = len(found)
        found.clear()
        return count

    return since


_PROVEN: list[Path] = []


@pytest.fixture(scope="session")
def proven_path(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book as `ab_book.make_proven` makes it, once for all folders of tests; for reading."""
    if not _PROVEN:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TUNEBOOK_HOME", str(tmp_path_factory.mktemp("home")))
            _PROVEN.append(ab_book.make_proven(tmp_path_factory.mktemp("proven"), base).path)
    return _PROVEN[0]


@pytest.fixture
def proven(proven_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    """A copy of it that a test may change."""
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))
    shutil.copytree(proven_path, tmp_path / "proven")
    return open_book(tmp_path / "proven")
