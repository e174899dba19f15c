"""KILLS_AB: an A/B test is killed at random moments; nothing may be lost or damaged, and the verdict is the same.

One process has everything imported and forks a child each round. The child goes on with the test; it is killed
(SIGKILL) after a random time. Then the book is looked at: every run that had finished is there as it was, every file of
the test can be read, the log is whole. A test that came to its end is followed by one with other seeds. At last every
test is done again in a copy of the book that nobody disturbed, and the verdicts are compared.

    python -m benchmarks KILLS_AB [--rounds 50] [--seed 1]
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.record import ROOT, given, write_result
from tunebook.verbs.steps.book import Book

LONGEST = 12.0  # seconds until a kill: a few short runs
SEEDS = 6  # of each arm of a test
_NURSERY = """
import os, signal, sys, time
import torch, transformers
from tunebook.verbs.steps.book import open_book
from tunebook.verbs.ab import ab
torch.set_num_threads(1)
for line in sys.stdin:
    wait, first = line.split()
    child = os.fork()
    if child == 0:
        seeds = list(range(int(first), int(first) + int(sys.argv[2])))
        verdict = ab(open_book(sys.argv[1]), 2, 3, seeds=seeds, looks=())
        os._exit(0)
    end = time.monotonic() + float(wait)
    done = 0
    while not done and time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.005)
    if not done:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    os.write(1, f"{'ended' if done and status == 0 else 'failed' if done else 'killed'}\\n".encode())
"""


@dataclass
class Tally:
    """What came of it.

    Attributes:
        kills: rounds that ended with a kill; `ended` those in which the test came to its end first.
        failed: rounds in which going on raised an error.
        runs_between: runs that were finished while kills went on; `runs` those at the end.
        lost: finished runs that were gone or other than before.
        damaged: files that could not be read, or a log that was not whole.
        differing: tests whose verdict is not that of the undisturbed copy.
    """

    kills: int = 0
    ended: int = 0
    failed: int = 0
    runs_between: int = 0
    runs: int = 0
    tests: int = 0
    lost: int = 0
    damaged: int = 0
    differing: int = 0


def kill_tests(book: Book, rounds: int, seed: int) -> Tally:
    """Kill testing processes; `book` has the versions 2 and 3 and no runs."""
    tally, draw, first = Tally(), random.Random(seed), 1
    known: dict[str, str] = {}
    command = [sys.executable, "-c", _NURSERY, str(book.path), str(SEEDS)]
    surroundings = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=surroundings
    ) as nursery:
        assert nursery.stdin is not None and nursery.stdout is not None
        while tally.kills < rounds:
            nursery.stdin.write(f"{draw.uniform(0, LONGEST)} {first}\n")
            nursery.stdin.flush()
            said = nursery.stdout.readline().strip()
            tally.kills += said == "killed"
            tally.failed += said not in ("killed", "ended")
            if said == "ended":
                tally.ended += 1
                first += SEEDS
            known = _look(book, known, tally)
            if tally.failed > rounds:
                raise RuntimeError("the test cannot be taken up")
        tally.runs_between = tally.runs
        nursery.stdin.write(f"600 {first}\n")  # the last test to its end
        nursery.stdin.flush()
        tally.failed += nursery.stdout.readline().strip() != "ended"
        nursery.stdin.close()
    _look(book, known, tally)
    return tally


def _look(book: Book, known: dict[str, str], tally: Tally) -> dict[str, str]:
    """Outcomes of the finished runs by their id, after comparing them with those that were known."""
    now = {path.parent.name: path.read_text(encoding="utf-8") for path in book.path.glob("runs/*/outcome.json")}
    tally.lost += sum(now.get(run) != outcome for run, outcome in known.items())
    for path in [*book.path.glob("tests/*/*.json"), *book.path.glob("runs/*/*.json")]:
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            tally.damaged += 1
    tally.damaged += not book.log.verify().ok
    tally.runs = len(now)
    return now


def compare_with(book: Book, undisturbed: Book, tally: Tally) -> None:
    """Do every finished test again in a book that has no runs yet, and compare what both say."""
    from tests.ab_book import same

    from tunebook.core.nouns import read_json
    from tunebook.core.verdict import Verdict
    from tunebook.verbs.ab import ab

    for path in sorted(book.path.glob("tests/*/verdict.json")):
        found = read_json(Verdict, path)
        again = ab(undisturbed, 2, 3, seeds=found.extra["seeds"], looks=())
        tally.tests += 1
        tally.differing += not same(found, again)


def main(case: str, arguments: list[str]) -> Path:
    """Kill, compare and write the result."""
    from tests import small
    from tests.ab_book import make_book

    options = given(arguments, rounds=50, seed=1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["TUNEBOOK_HOME"] = str(folder / "home")
        (folder / "kept").mkdir()
        book = make_book(folder / "kept", small.base_model(folder / "model"))
        shutil.copytree(book.path, folder / "undisturbed")
        start = time.perf_counter()
        tally = kill_tests(book, options.rounds, options.seed)
        compare_with(book, Book(folder / "undisturbed"), tally)
        seconds = time.perf_counter() - start
    return write_result(case, {**asdict(tally), "seconds": round(seconds, 1), "longest_wait": LONGEST})


__all__ = ["LONGEST", "Tally", "compare_with", "kill_tests", "main"]
