"""LARGE_BOOK: what commands cost in a book with 5,000 entries in its log, 200 tables and 500 runs.

Processor time of whole processes, this tree and another in turn, each on its own copy of the book. The start of the
program (`tunebook --version`) is measured too, for it is part of every figure and does not grow with the book. Of
`soup`, over 100 of the runs, the first call and the same call again are measured apart.

    python -m benchmarks LARGE_BOOK --against FOLDER [--pairs 3]

FOLDER is another checkout of Tunebook: `git worktree add FOLDER b33b743`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.record import ROOT, write_result
from benchmarks.startup import checkout, command, in_turn, processor

ENTRIES, TABLES, RUNS, COOKED = 5000, 200, 500, 100
COMMANDS = {
    "start": ("--version",),
    "table log": ("table", "log", "{book}"),
    "table log --all": ("table", "log", "{book}"),
    "runs": ("runs", "{book}"),
    "index": ("knowledge", "index", "{book}"),
    "soup": ("soup", "{book}", *(f"20260101-{number:06d}" for number in range(COOKED))),
    "soup again": ("soup", "{book}", *(f"20260101-{number:06d}" for number in range(COOKED))),
    "promote": ("promote", "{book}", "v{version}", "--force", "--reason", "measured"),
}


def make(folder: Path) -> Path:
    """The book, without any training: a log, tables, and copies of the plan and the report of one run."""
    from tests import small

    from tunebook.tables.make import child
    from tunebook.verbs.evaluate import evaluate
    from tunebook.verbs.init import init
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.train import train

    base = small.base_model(folder / "base")
    rows = small.write_records(folder / "rows.csv", "binary", 120)
    book = init(folder / "book", rows, model=str(base), options=small.options("binary"), owner="Ada")
    quick = child(book.champion, {"max_epochs": 1, "precision": "fp32", "early_stopping_patience": "none"})
    run = train(plan(quick, book.data), book.path / "runs", track=())
    evaluate(run, with_baselines=False)
    for number in range(RUNS - 1):
        to = book.path / "runs" / f"20260101-{number:06d}-{run.plan.id}-{number + 2}"
        to.mkdir()
        for file in run.path.glob("*.json*"):
            shutil.copy(file, to / file.name)
        if number < COOKED:
            _shaken(run.path / "model", to / "model", number)
    for number in range(TABLES - 1):
        book.tables.add(child(book.champion, {"learning_rate": 1e-5 * (1 + number)}, "another rate"))
    figures = {"a": 1, "gain": 0.01, "lower": -0.01, "upper": 0.03, "verdict": "INCONCLUSIVE", "metric": "accuracy"}
    for number in range(ENTRIES - len(book.log.entries())):
        version = 2 + number % (TABLES - 1)
        evidence = {**figures, "test": f"t{number}", "b": version, "seeds": 5}
        book.log.append("test", actor="Ada", reason=f"test {number}", table=version, evidence=evidence)
    return book.path


def _shaken(model: Path, to: Path, seed: int) -> None:
    """A copy of a model with weights of its own."""
    import numpy as np
    from safetensors.numpy import load_file, save_file

    draw = np.random.default_rng(seed)
    shutil.copytree(model, to)
    held = load_file(to / "model.safetensors")
    moved = {name: item + draw.normal(0, 0.02, item.shape).astype(item.dtype) for name, item in held.items()}
    save_file(moved, to / "model.safetensors", {"format": "pt"})


def _made_by(tree: Path, folder: Path) -> None:
    code = f"from pathlib import Path; from benchmarks.large_book import make; make(Path({str(folder)!r}))"
    around = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tree / "src"), str(ROOT)])}
    subprocess.run([sys.executable, "-c", code], env=around, check=True, capture_output=True)


def measure(book: Path, against: Path, pairs: int) -> dict[str, Any]:
    """Each command in both trees by turns."""
    copies = {tree: shutil.copytree(book, book.parent / name) for name, tree in (("own", ROOT), ("other", against))}
    done = {ROOT: 0, against: 0}

    def call(tree: Path, name: str) -> float:
        if name == "index":
            shutil.rmtree(os.environ["TUNEBOOK_HOME"], ignore_errors=True)
        if name == "soup":
            for file in (copies[tree] / "cache").glob("answers-*"):
                file.unlink()
        done[tree] += name == "promote"
        fields = {"book": copies[tree], "version": 2 + done[tree]}
        words = [word.format(**fields) for word in COMMANDS[name]]
        return processor(command(tree, *words, *(["--all"] if name.endswith("--all") and tree == ROOT else [])))

    found = {}
    for name in COMMANDS:
        found[name] = in_turn(pairs, lambda name=name: call(ROOT, name), lambda name=name: call(against, name))  # type: ignore[misc]
        print(name, found[name], flush=True)
    return found


def main(claim: str, arguments: list[str]) -> Path:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=lambda text: checkout(Path(text)), required=True)
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TUNEBOOK_HOME"] = str(Path(folder) / "home")
        _made_by(options.against, Path(folder))  # an earlier version does not read books of a later one
        found = measure(Path(folder) / "book", options.against, options.pairs)
    sizes = {"entries": ENTRIES, "tables": TABLES, "runs": RUNS, "runs_of_soup": COOKED}
    return write_result(claim, {"what": "processor time of whole processes", **sizes, "commands": found})


__all__ = ["COMMANDS", "main", "make", "measure"]
