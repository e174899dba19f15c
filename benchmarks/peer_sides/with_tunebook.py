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
from tunebook.tables.make import child

HELD_OUT = 0.1
TRIED = (2, 6)  # steps of two trainings that tell what one step takes


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
    short, long = (_tried(book, steps) for steps in TRIED)
    each = max((long - short) / (TRIED[1] - TRIED[0]), 1e-3)
    values, rows = book.champion.values(), book.data.rows["train"]
    asking = len(asked.asked) / values["batch_size"] / 2  # steps' worth of answers, with room to spare
    room = (asked.budget - used() - short) / each - asking  # steps; a trial holds what a training costs beside them
    epochs = int(room / math.ceil(rows / values["batch_size"] * (1 + HELD_OUT)))
    if epochs >= values["max_epochs"]:
        return book.champion
    return child(book.champion, {"max_epochs": str(epochs)} if epochs > 0 else {"max_steps": str(max(1, int(room)))})


def _tried(book: Any, steps: int) -> float:
    """Seconds of the processor of a training of so few steps."""
    before = used()
    tb.train(tb.plan(child(book.champion, {"max_steps": str(steps)}), book.data), Path(book.path, "trial"), track=())
    return used() - before


if __name__ == "__main__":
    answer(learn, "tunebook", "transformers", "torch")
