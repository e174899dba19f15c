"""How books.tar.xz was made: books of version 0.1.0 as of 2026-11-30, before the gate bound promotions.

    python -m tests.older.make_books FOLDER

It is kept to show what the archive holds. Run with later versions it makes other books: the archive stays as it is.
"""

from __future__ import annotations

import os
import sys
import tarfile
from pathlib import Path
from typing import Any

from tests import ab_book, small
from tunebook.tables.make import child
from tunebook.verbs.ab import ab
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.init import init
from tunebook.verbs.promote import promote
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.train import train

KINDS = ("classes", "several", "pairs", "number", "ordered")
QUICK = {
    "learning_rate": 1e-2, "batch_size": 16, "max_epochs": 2, "precision": "fp32", "warmup_ratio": 0.1,
    "early_stopping_patience": None,
}  # fmt: skip


class Kill:
    """A watcher that ends a training at its third look, as a key press would."""

    looks = 0

    def start(self, what: str, total: int, done: int = 0) -> None: ...
    def advance(self, amount: int = 1, **figures: float) -> None: ...
    def finish(self) -> None: ...

    def look(self, step: int, scores: dict[str, float]) -> None:
        self.looks += 1
        if self.looks == 3:
            raise KeyboardInterrupt


def trained_and_evaluated(book: Any, table: Any) -> None:
    evaluate(train(plan(table, book.data), book.path / "runs", track=()), with_baselines=False)


def book_of(kind: str) -> None:
    """A book with one run."""
    file = small.write_records(Path(f"{kind}.csv"), kind, 120)
    book = init(Path(kind), file, model="base", options=small.options(kind), owner="Ada")
    trained_and_evaluated(book, child(book.champion, QUICK))
    file.unlink()


def tested_book() -> None:
    """A book with a test, promotions, a partial model and a training that was interrupted."""
    file = small.write_records(Path("rows.csv"), "binary", 100)
    book = init(Path("tested"), file, model="base", options=small.options("binary"), owner="Ada")
    poor = book.tables.add(child(book.champion, ab_book.QUICK, note="quick"))
    better = book.tables.add(child(poor, ab_book.BETTER, note="learns"))
    promote(book, poor.version, force=True, reason="start", actor="Ada")
    verdict = ab(book, poor.version, better.version, seeds=3, looks=[], delta=0.01)
    promote(book, better.version, actor="Ada", reason="forced", force=not verdict.passed)
    trained_and_evaluated(book, book.tables.add(child(better, {"lora": "on"}, note="lora")))
    longer = book.tables.add(child(better, {"max_epochs": 5}, note="interrupted"))
    try:
        train(plan(longer, book.data), book.path / "runs", track=(), progress=Kill())
    except KeyboardInterrupt:
        file.unlink()


def main(folder: Path) -> None:
    folder.mkdir(parents=True)
    os.chdir(folder)
    small.base_model(Path("base"))
    for kind in KINDS:
        book_of(kind)
    tested_book()
    with tarfile.open("books.tar.xz", "w:xz") as archive:
        for path in sorted(Path().rglob("*")):
            if path.is_file() and path.name not in ("report.html", ".lock", "books.tar.xz"):
                archive.add(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
