"""A small trained book and every command that writes, for benchmarks that make their life hard."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import small

from tunebook.tables.make import child
from tunebook.verbs.init import init
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.train import train

QUICK = {
    "learning_rate": 1e-2, "batch_size": 16, "max_epochs": 1, "precision": "fp32", "early_stopping_patience": None,
}  # fmt: skip
PROGRAM = "import sys; from tunebook.cli import main; sys.exit(main())"
# Commands that write, by the name under which they are reported; {at} is the folder that is made hard to write to.
COMMANDS = {
    "init": "init {at}/new --data {rows} --model {base}",
    "table set": "table set {at}/book max_epochs=3 --note harder",
    "table export": "table export {at}/book {at}/table.xlsx",
    "table history": "table history {at}/book --out {at}/history.html",
    "promote": "promote {at}/book v2 --force --reason tried",
    "train": "train {at}/book --table v2 --set seed=9 --no-eval",
    "eval": "eval {at}/book --run {whole} --split validation",
    "predict": "predict {at}/book --run {whole} --file {rows} --out {at}/answers.csv",
    "merge": "merge {at}/book/runs/{lora} --into {at}/merged",
    "soup": "soup {at}/book {whole} {other} --method uniform",
    "ab": "ab {at}/book v2 v3 --seeds 3",
    "search": "table search {at}/book --runs 2 --rows learning_rate",
    "index": "knowledge index {at}/book",
}


@dataclass(frozen=True)
class SmallBook:
    """A book of 90 rows with three tables and three runs (two of the same table, one with lora), ready to be copied.

    Attributes:
        folder: holds `book`, `base` and `rows.csv`.
        names: what the placeholders of COMMANDS mean.
    """

    folder: Path
    names: dict[str, str]

    def copy(self, to: Path) -> Path:
        """The book in a folder of its own."""
        shutil.copytree(self.folder / "book", to / "book", symlinks=True)
        return to / "book"

    def words(self, name: str, at: Path) -> list[str]:
        """A command's words for the copy in a folder."""
        return COMMANDS[name].format(at=at, **self.names).split()


@dataclass
class Tally:
    """What came of one kind of trouble.

    Attributes:
        runs: commands that met it; `told`: those of them that ended with a message and an exit code of their own.
        unexpected: commands that ended in `cli.unexpected` or a traceback; damaged: books that were not whole
            afterwards; stuck: commands that did not work when the trouble was over.
        faults: what these printed.
    """

    runs: int = 0
    told: int = 0
    unexpected: int = 0
    damaged: int = 0
    stuck: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, kind: str, name: str, text: str) -> None:
        """Note something that should not have happened."""
        setattr(self, kind, getattr(self, kind) + 1)
        self.faults.append(f"{kind}: {name}: {' '.join(text.split())[-300:]}")


def make(folder: Path) -> SmallBook:
    """Train the book."""
    base = small.base_model(folder / "base")
    rows = small.write_records(folder / "rows.csv", "binary", 90)
    book = init(folder / "book", rows, model=str(base), options=small.options("binary"), owner="Ada")
    second = book.tables.add(child(book.champion, QUICK, "quick"))
    book.tables.add(child(second, {"learning_rate": 2e-2}, "larger steps"))
    tables = {
        "whole": second,
        "other": second.model_copy(update={"rows": child(second, {"seed": 2}).rows}),
        "lora": child(second, {"lora": "on"}),
    }
    runs = {name: train(plan(table, book.data), book.path / "runs", track=()).id for name, table in tables.items()}
    return SmallBook(folder, {**runs, "base": str(base), "rows": str(rows)})


def start(words: list[str], home: Path) -> subprocess.Popen[str]:
    """A command under way, as a shell would start it."""
    around = {**os.environ, "TUNEBOOK_HOME": str(home), "TUNEBOOK_LANG": "en", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=around,
    )


def run(words: list[str], home: Path) -> tuple[int, str]:
    """Exit code and all that a command printed."""
    process = start(words, home)
    out, err = process.communicate()
    return process.returncode, out + err


def strange(code: int, text: str) -> bool:
    """Whether a command ended otherwise than with an answer or a message."""
    return code not in (0, 1, 2, 3) or "Traceback" in text or "cli.unexpected" in text


def whole(book: Path) -> str:
    """What is wrong with a book that was in trouble; empty where nothing is."""
    opened: Book = open_book(book)
    try:
        assert opened.log.verify().ok, "the log is not what was written"
        for version in opened.tables.versions():
            opened.tables.get(version)
        assert opened.champion.version in opened.tables.versions(), "the champion is no version"
        for item in opened.runs:
            assert not item.finished or (item.model / "config.json").is_file(), f"{item.id} has no model"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def summary(tallies: dict[str, Tally]) -> dict[str, Any]:
    """Sums over all commands, for the result."""
    names = ("runs", "told", "unexpected", "damaged", "stuck")
    return {name: sum(getattr(tally, name) for tally in tallies.values()) for name in names}


__all__ = ["COMMANDS", "SmallBook", "Tally", "make", "run", "start", "strange", "summary", "whole"]
