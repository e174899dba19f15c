"""AA_LOOKS: the same trainings on real data, looked at once and ten times, as two tables; the gate may promote none.

Both arms train the same steps with the same seeds; B's table only looks at the validation rows ten times on the way,
and keeps the best of these looks. What the gate says of each row by the look that other rows choose stands beside what
it would have said of the kept checkpoints on the rows that chose them, and beside the gain of these checkpoints on test
rows that nobody has looked at. The base models are the first layer of the usual ones.

    python -m benchmarks AA_LOOKS [--tests 10] [--seeds 3] [--into FOLDER]

An interrupted measurement goes on if it was given a folder.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import write_result
from benchmarks.same_table import SETS, first_layer
from benchmarks.sets import book_of, characters_of, model_of, read_set

STARTED, TRAINED, JUDGED, UNSEEN, BATCH, LOOKS = 1600, 480, 200, 800, 16, 10
ALIKE = {"batch_size": BATCH, "gradient_accumulation_steps": 1, "early_stopping_patience": None}
BEFORE = {**ALIKE, "learning_rate": 3e-4, "max_epochs": 5}
TABLE = {**ALIKE, "learning_rate": 1e-4, "lr_scheduler": "constant", "max_epochs": 1}
POINTS = 0.02


def make_book(name: str, folder: Path) -> Any:
    """A book of a set, texts cut, with the table that looks once as its second and one that looks often as its third.

    Its base model has learnt other rows of the set before, so that all looks are about equally good.
    """
    from tunebook.tables.make import child
    from tunebook.verbs.steps.book import open_book

    if (folder / "book" / "tables" / "fine_tune_params_v3.json").is_file():
        return open_book(folder / "book")
    cut = {text[: characters_of(name)]: label for text, label in read_set(name)}
    rows, ends = list(cut.items()), np.cumsum([0, JUDGED, UNSEEN, TRAINED, STARTED])
    parts = {part: rows[ends[n] : ends[n + 1]] for n, part in enumerate(("validation", "test", "train", "start"))}
    started = _started(folder / "start", parts.pop("start"), str(first_layer(model_of(name), folder / "model")))
    book = book_of(folder, parts, str(started))
    once = book.tables.add(child(book.champion, TABLE, note="looks once"))
    book.tables.add(child(once, {"eval_every": TRAINED // BATCH // LOOKS}, note="looks ten times"))
    return book


def _started(folder: Path, rows: Any, model: str) -> Path:
    """The model of a training on rows of their own."""
    from tunebook.tables.make import child
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.train import train

    book = book_of(folder, {"train": rows[200:], "validation": rows[:100], "test": rows[100:200]}, model)
    table = book.tables.add(child(book.champion, BEFORE, note="what comes before"))
    return train(plan(table, book.data), track=()).model


def tested(book: Any, seeds: list[int]) -> dict[str, Any]:
    """One test: the gain and its lower end, by the rows of other folds, by the rows that chose, and on unseen rows."""
    from tunebook.verbs.ab import ab

    verdict = ab(book, 2, 3, seeds=seeds, looks=(), delta=0.0)
    assert verdict.extra["uncrossed"] == 0
    found = {"after": {"gain": verdict.gain, "lower": verdict.lower}}
    return {"seeds": seeds, **found, **{name: _kept(book, verdict, split) for name, split in _KEPT.items()}}


_KEPT = {"before": "validation", "unseen": "test"}


def _kept(book: Any, verdict: Any, split: Any) -> dict[str, float]:
    """What the gate says of the kept checkpoints."""
    from tunebook.verbs.abtest.looks import gain
    from tunebook.verbs.abtest.scored import scores_of_arm, split_exam
    from tunebook.verbs.steps.answers import answers
    from tunebook.verbs.steps.runs import Run

    exam = split_exam(book.data, split)

    def answered(name: str) -> Any:
        return answers(Run(book.path / "runs" / name), exam.rows, exam.place)

    sides = [scores_of_arm(book.data, exam, [answered(name) for name in verdict.extra["runs"][side]]) for side in "ab"]
    effect = gain(sides[0], sides[1], verdict.metric, verdict.alpha)
    return {"gain": effect.mean, "lower": effect.lower}


def promoted(tests: list[dict[str, Any]], name: str, delta: float) -> int:
    """How many tests would have promoted B."""
    return sum(test[name]["lower"] > 0 and test[name]["gain"] >= delta for test in tests)


def measured(options: argparse.Namespace, place: Path) -> dict[str, Any]:
    """All tests of both sets, in turns."""
    for name in SETS:
        (place / name).mkdir(parents=True, exist_ok=True)
    books = {name: make_book(name, place / name) for name in SETS}
    sets: dict[str, Any] = {name: [] for name in SETS}
    for test in range(options.tests):
        for name, book in books.items():
            first = 1 + test * options.seeds
            sets[name].append(tested(book, list(range(first, first + options.seeds))))
            print(name, sets[name][-1], flush=True)
    return sets


def main(claim: str, arguments: list[str]) -> Path:
    """Run all tests, count the promotions, and write the result."""
    read = argparse.ArgumentParser()
    read.add_argument("--tests", type=int, default=10)
    read.add_argument("--seeds", type=int, default=3)
    read.add_argument("--into", type=Path, default=None)
    options = read.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tunebook-") as place:
        sets = measured(options, options.into or Path(place))
    tests = [test for found in sets.values() for test in found]
    rules = {name: {f"at_delta_{delta:g}": promoted(tests, name, delta) for delta in (0.0, POINTS)}
             for name in ("before", "after")}  # fmt: skip
    gains = {name: float(np.mean([test[name]["gain"] for test in tests])) for name in ("before", "after", "unseen")}
    rows = {"train": TRAINED, "validation": JUDGED, "test": UNSEEN}
    result = {"tests": len(tests), "seeds": options.seeds, "rows": rows, "looks": [1, LOOKS]}
    return write_result(claim, {**result, "promoted": rules, "mean_gain": gains, "sets": sets})


__all__ = ["main", "make_book", "measured", "promoted", "tested"]
