"""KILLS: a process that promotes without end is killed at random moments; nothing may be lost or damaged.

One process has everything imported and forks a child each round. The child promotes v1 and v2 in turn and says each
time what was logged; it is killed (SIGKILL) after a random time. Then the log is looked at: every promotion that was
acknowledged is in it, at most one more is, the chain is whole, the champion is that of the last entry, and the next
promotion works.

    python -m benchmarks KILLS [--rounds 50] [--seed 1]
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.record import ROOT, given, write_result
from tunebook.verbs.promote import promote
from tunebook.verbs.steps.book import Book

LONGEST = 0.4  # seconds until a kill: several promotions
_NURSERY = """
import os, signal, sys, time
from tunebook.verbs.steps.book import open_book
from tunebook.verbs.promote import promote
book = open_book(sys.argv[1])
promote(book, 3 - book.tables.champion, force=True, reason="everything is loaded")
os.write(1, b"ready\\n")
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        while True:
            entry = promote(book, 3 - book.tables.champion, force=True, reason="killed")
            os.write(1, f"{entry.number} {entry.table}\\n".encode())
    time.sleep(float(line))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.write(1, b"killed\\n")
"""


@dataclass
class Tally:
    """What came of it.

    Attributes:
        acknowledged: promotions that a child had reported before its end.
        unreported: kills between an entry and its report.
        lost: acknowledged promotions that are not in the log.
        damaged: rounds after which the log was not whole or the champion was not that of its last entry.
        journals: kills in the middle of a transaction, which was then rolled back.
        stuck: rounds after which the next promotion did not work.
    """

    rounds: int = 0
    acknowledged: int = 0
    unreported: int = 0
    journals: int = 0
    lost: int = 0
    damaged: int = 0
    stuck: int = 0


def kill_promotions(book: Book, rounds: int, seed: int) -> Tally:
    """Kill promoting processes; `book` has the versions 1 and 2."""
    tally, draw = Tally(), random.Random(seed)
    command = [sys.executable, "-c", _NURSERY, str(book.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as nursery:
        assert nursery.stdin is not None and nursery.stdout is not None
        nursery.stdout.readline()
        for _ in range(rounds):
            known = len(book.log.entries())
            nursery.stdin.write(f"{draw.uniform(0, LONGEST)}\n")
            nursery.stdin.flush()
            said = []
            while (line := nursery.stdout.readline().strip()) != "killed":
                if not line:
                    raise RuntimeError("the promoting process ended by itself")
                said.append(tuple(map(int, line.split())))
            _look(book, known, said, tally)
        nursery.stdin.close()
    return tally


def _look(book: Book, known: int, said: list[tuple[int, ...]], tally: Tally) -> None:
    tally.rounds += 1
    tally.acknowledged += len(said)
    tally.journals += (book.path / "log.sqlite-journal").exists()
    entries = book.log.entries()
    new = [(entry.number, entry.table) for entry in entries[known:]]
    tally.lost += len(set(said) - set(new))
    tally.unreported += max(0, len(new) - len(said))
    crowned = [entry.table for entry in entries if entry.action in ("init", "promote")]
    whole = book.log.verify().ok and book.tables.champion == crowned[-1] and len(new) - len(said) in (0, 1)
    tally.damaged += not whole
    try:
        promote(book, 3 - crowned[-1], force=True, reason="after the kill")
    except Exception as error:
        print(error)
        tally.stuck += 1


def main(case: str, arguments: list[str]) -> Path:
    """Kill and write the result."""
    import os

    from tests.logged import make_book

    options = given(arguments, rounds=50, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TUNEBOOK_HOME"] = folder
        book = make_book(Path(folder) / "book")
        start = time.perf_counter()
        tally = kill_promotions(book, options.rounds, options.seed)
        seconds = time.perf_counter() - start
        entries = len(book.log.entries())
    return write_result(
        f"{case}_promote",
        {**asdict(tally), "entries": entries, "seconds": round(seconds, 1), "longest_wait": LONGEST},
    )


__all__ = ["LONGEST", "Tally", "kill_promotions", "main"]
