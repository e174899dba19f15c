"""Tunebook as `tunebook init` and `tunebook train` do it: the proposed table, with fewer epochs where the budget is
smaller than what it proposes. All rows are for training but the tenth that chooses the checkpoint."""

from __future__ import annotations

import csv
import math
import tempfile
from pathlib import Path
from typing import Any

import tunebook as tb
from asked import Asked, answer, used
from tunebook.core.progress import Silent
from tunebook.tables.make import child

HELD_OUT = 0.1
TRIED = 8  # steps of a training that tells what one takes, of which the first does not count


class _Steps(Silent):
    """Seconds of the processor at the end of each step."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self._stage = ""

    def start(self, what: str, total: int, done: int = 0) -> None:
        """A stage begins."""
        self._stage = what

    def advance(self, amount: int = 1, **figures: float) -> None:
        """A step of the training is done."""
        if amount and self._stage == "train":
            self.ends.append(used())


def learn(asked: Asked) -> list[str]:
    """Prepare, train and answer; the time of the first steps says how many epochs the budget has room for."""
    with tempfile.TemporaryDirectory() as folder:
        rows = list(zip(asked.texts, asked.labels, strict=True))
        cut = round(HELD_OUT * len(rows))
        files = {
            name: _file(Path(folder, f"{name}.csv"), part)
            for name, part in (("validation", rows[:cut]), ("train", rows[cut:]))
        }
        book = tb.init(Path(folder, "book"), files, model=asked.model, options=tb.DataOptions(problem="single_label"))
        run = tb.train(tb.plan(_within(book, asked), book.data))
        return [str(one["label"]) for one in tb.predict(run, asked.asked)]


def _file(path: Path, rows: list[tuple[str, str]]) -> str:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("text", "label"), *rows])
    return str(path)


def _within(book: Any, asked: Asked) -> Any:
    """The proposed table, with as many epochs as there is budget for, or as many steps where that is less than one."""
    each, beside = _tried(book)
    values, rows = book.champion.values(), book.data.rows["train"]
    asking = len(asked.asked) / values["batch_size"] / 2  # steps' worth of answers, with room to spare
    room = (asked.budget - used() - beside) / each - asking
    epochs = int(room / math.ceil(rows / values["batch_size"] * (1 + HELD_OUT)))
    if epochs >= values["max_epochs"]:
        return book.champion
    return child(book.champion, {"max_epochs": str(epochs)} if epochs > 0 else {"max_steps": str(max(1, int(room)))})


def _tried(book: Any) -> tuple[float, float]:
    """Seconds of the processor of a step, and of what a training costs beside its steps, by one of few steps."""
    before, steps = used(), _Steps()
    few = tb.plan(child(book.champion, {"max_steps": str(TRIED)}), book.data)
    tb.train(few, Path(book.path, "trial"), track=(), progress=steps)
    each = (steps.ends[-1] - steps.ends[0]) / (len(steps.ends) - 1)
    return each, used() - before - TRIED * each


if __name__ == "__main__":
    answer(learn, "tunebook", "transformers", "torch")
