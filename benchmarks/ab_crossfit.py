"""AB_CROSSFIT: what cross-fitting costs: processor time of `tunebook ab` by two builds, in turns.

A small book of a real set, two tables of which one looks once and one ten times, three seeds. Each build runs the whole
command on a fresh copy of the book; the builds take turns, and the processor time of the process and all its threads
is compared within each pair, for other work may run beside it.

    git worktree add /tmp/before 33bf3d8
    python -m benchmarks AB_CROSSFIT --before /tmp/before [--pairs 5] [--book FOLDER]
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.record import ROOT, ratio, write_result
from benchmarks.same_training import SETS, make_book

PROGRAM = "import sys; from tunebook.cli import main; sys.exit(main())"
AB = ("v2", "v3", "--seeds", "3", "--looks", "none")


def processor_seconds(build: Path, book: Path, place: Path) -> float:
    """What `ab` of a build takes of the processor, on a copy of a book that has no runs."""
    at = shutil.copytree(book, place / "book")
    around = {"PYTHONPATH": str(build / "src"), "OMP_NUM_THREADS": "1", "TUNEBOOK_HOME": str(place / "home")}
    command = [sys.executable, "-c", PROGRAM, "ab", str(at), *AB]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env={**os.environ, **around}, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if not list(at.glob("tests/*/verdict.json")):
        raise SystemExit(done.stdout + done.stderr)
    shutil.rmtree(at)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(claim: str, arguments: list[str]) -> Path:
    """Measure in turns, and write the ratios of the build now to the one before."""
    read = argparse.ArgumentParser()
    read.add_argument("--before", type=Path, required=True)
    read.add_argument("--pairs", type=int, default=5)
    read.add_argument("--book", type=Path, default=None)
    options = read.parse_args(arguments)
    builds, seconds = (options.before, ROOT), ([], [])  # type: ignore[var-annotated]
    with tempfile.TemporaryDirectory(prefix="tunebook-") as name:
        place = Path(name)
        book = options.book or make_book(SETS[0], place).path
        for pair in range(options.pairs):
            for side in (0, 1) if pair % 2 else (1, 0):
                seconds[side].append(processor_seconds(builds[side], book, place))
            print(f"before {seconds[0][-1]:.1f} s, now {seconds[1][-1]:.1f} s", flush=True)
    ratios = [now / before for before, now in zip(*seconds, strict=True)]
    result = {"ratio": ratio(ratios), "most": 1.05, "met": ratio(ratios)["median"] <= 1.05}
    return write_result(claim, {**result, "seconds_before": seconds[0], "seconds_now": seconds[1]})


__all__ = ["main", "processor_seconds"]
