"""KILLS_ALL: every command that writes is killed (SIGKILL) at random moments, then run again.

After each kill the book must be whole, and the same command must work: a training goes on, anything else begins anew.

    python -m benchmarks KILLS_ALL [--rounds 4] [--seed 1]
"""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.record import given, write_result
from benchmarks.small_book import COMMANDS, SmallBook, Tally, make, run, start, strange, summary, whole


def seconds_of(book: SmallBook, name: str) -> float:
    """How long a command takes when nobody disturbs it."""
    with tempfile.TemporaryDirectory() as folder:
        book.copy(Path(folder))
        begun = time.monotonic()
        run(book.words(name, Path(folder)), Path(folder) / "home")
        return time.monotonic() - begun


def kill(book: SmallBook, name: str, after: float, tally: Tally) -> None:
    """One command, killed after so many seconds, and run again."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        copy, words = book.copy(at), book.words(name, at)
        process = start(words, at / "home")
        time.sleep(after)
        process.kill()
        process.communicate()
        tally.runs += process.returncode < 0
        if fault := whole(copy):
            tally.fault("damaged", f"{name}, {after:.2f} s", fault)
        code, text = run(words, at / "home")
        done = code in (0, 1) or (process.returncode == 0 and code == 2)  # it had ended: what it made is there
        if strange(code, text):
            tally.fault("unexpected", f"{name}, {after:.2f} s", text)
        elif not done and not _made(name, text):
            tally.fault("stuck", f"{name}, {after:.2f} s", text)
        else:
            tally.told += code == 2


def _made(name: str, text: str) -> bool:
    """Whether a command refuses because the killed one had made its file or folder already."""
    return "exists" in text or "already" in text or "in use" in text


def main(case: str, arguments: list[str]) -> Path:
    """Kill and write the result."""
    options = given(arguments, rounds=4, seed=1)
    draw, tallies = random.Random(options.seed), {name: Tally() for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        book = make(Path(folder))
        for name, tally in tallies.items():
            longest = seconds_of(book, name)
            for round_ in range(options.rounds):  # one kill in each part of its time
                kill(book, name, longest * (round_ + draw.random()) / options.rounds, tally)
            print(name, asdict(tally), flush=True)
    commands = {name: asdict(tally) for name, tally in tallies.items()}
    return write_result(case, {**summary(tallies), "rounds": options.rounds, "commands": commands})


__all__ = ["kill", "main", "seconds_of"]
