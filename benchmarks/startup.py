"""STARTUP: what commands cost before they answer: processor time of whole processes, this tree and another in turn.

`init` and `check` of 1,000 rows and `predict` of one text are called by turns from this tree and from another (an
earlier one, say), and beside `predict` a process that imports torch and nothing else. Each figure is the median of
pairs, user and system time of the child as the operating system counts them. The time until the first line of either
output is the clock's, of this tree.

    python -m benchmarks STARTUP --against FOLDER [--pairs 5] [--rows 1000]

FOLDER is another checkout of Tunebook: `git worktree add FOLDER b33b743`.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.record import ROOT, write_result

_WORDS = ("order", "refund", "late", "parcel", "card", "payment", "charged", "twice", "cancel", "account", "login")
_CALL = "import sys; from tunebook.cli import main; sys.exit(main())"


def write_rows(path: Path, count: int) -> None:
    """Short English texts of three classes, none of which comes twice."""
    draw = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["text", "label"])
        for number in range(count):
            words = draw.choices(_WORDS, k=draw.randint(4, 16))
            out.writerow([f"{' '.join(words)} {number}", draw.choice(("billing", "delivery", "other"))])


def checkout(folder: Path) -> Path:
    """Another checkout of Tunebook; without its source the installed one would be measured against itself."""
    if not (folder / "src" / "tunebook").is_dir():
        raise SystemExit(f"--against {folder}: no checkout of Tunebook")
    return folder.resolve()


def command(tree: Path, *words: object) -> tuple[list[str], dict[str, str]]:
    """A command of a tree, with one thread so that both trees do the same work, and compiled as what is installed."""
    threads = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    around = {**os.environ, **threads, "PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": ""}
    return [sys.executable, "-c", _CALL, *map(str, words)], around


def processor(call: tuple[list[str], dict[str, str]]) -> float:
    """Seconds of the processor that a process takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(call[0], env=call[1], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def first_word(call: tuple[list[str], dict[str, str]]) -> float:
    """Seconds of the clock until a process says anything."""
    start = time.perf_counter()
    with subprocess.Popen(call[0], env=call[1], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        assert running.stdout is not None
        running.stdout.read(1)
        waited = time.perf_counter() - start
        running.stdout.read()
    return waited


def in_turn(pairs: int, one: Any, other: Any) -> dict[str, Any]:
    """Medians of two kinds of calls that take turns, and of their ratios pair by pair."""
    found = [(one(), other()) for _ in range(pairs + 1)][1:]  # the first pair warms up
    ratios = [mine / theirs for mine, theirs in found]
    return {
        "seconds": round(statistics.median(mine for mine, _ in found), 3),
        "against": round(statistics.median(theirs for _, theirs in found), 3),
        "ratio": round(statistics.median(ratios), 3),
        "from": round(min(ratios), 3),
        "to": round(max(ratios), 3),
    }


def measure(against: Path, pairs: int, rows: int, folder: Path) -> dict[str, Any]:
    """Figures of the three commands, and the words that come first."""
    write_rows(folder / "rows.csv", rows)

    def made(tree: Path) -> float:
        shutil.rmtree(folder / tree.name, ignore_errors=True)
        return processor(command(tree, "init", folder / tree.name, "--data", folder / "rows.csv"))

    found = {"init": in_turn(pairs, lambda: made(ROOT), lambda: made(against))}
    book, theirs = folder / ROOT.name, folder / against.name
    found["check"] = in_turn(
        pairs, lambda: processor(command(ROOT, "check", book)), lambda: processor(command(against, "check", theirs))
    )
    train = ("train", book, "--set", "max_steps=2", "--set", "max_length=16", "--track", "none", "--no-eval")
    processor(command(ROOT, *train))
    torch = ([sys.executable, "-c", "import torch"], command(ROOT)[1])
    asked = command(ROOT, "predict", book, "my parcel has not come")
    found["predict"] = in_turn(pairs, lambda: processor(asked), lambda: processor(torch))
    commands = {"check": ("check", book), "predict": ("predict", book, "late"), "techniques": ("techniques",)}
    said = {name: first_word(command(ROOT, *words)) for name, words in commands.items()}
    return {**found, "first_word_seconds": {name: round(seconds, 3) for name, seconds in said.items()}}


def main(claim: str, arguments: list[str]) -> str:
    """Measure, write the result down and say it in a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=lambda text: checkout(Path(text)), required=True)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1000)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options.against, options.pairs, options.rows, Path(folder))
    limits = {"init": 0.3, "check": 0.3, "predict": 1.3}
    what = "processor time: init and check of another tree, predict of the import of torch"
    held = {name: found[name]["ratio"] <= limit for name, limit in limits.items()}
    write_result(claim, {"what": what, "rows": options.rows, "limits": limits, "held": held, **found})
    return "; ".join(f"{name} {found[name]['ratio']} (at most {limit})" for name, limit in limits.items())


__all__ = ["main"]
