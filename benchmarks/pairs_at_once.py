"""PAIRS: two commands on one book at the same time.

Each must end with its answer or with a message, at least one must have done its work, the book must be whole, and
nothing half-made may stay.

    python -m benchmarks PAIRS [--rounds 3]
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.record import given, write_result
from benchmarks.small_book import COMMANDS, SmallBook, Tally, make, start, strange, summary, whole

TWO = [
    *((name, name) for name in COMMANDS),
    ("promote", "table set"),
    ("train", "eval"),
    ("train", "ab"),
    ("train", "soup"),
    ("merge", "soup"),
    ("ab", "promote"),
    ("search", "train"),
]


def meet(book: SmallBook, names: tuple[str, str], tally: Tally) -> None:
    """Both at once."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        copy = book.copy(at)
        processes = [start(book.words(name, at), at / "home") for name in names]
        said = ["".join(process.communicate()) for process in processes]
        codes = [process.returncode for process in processes]
        tally.runs += 1
        tally.told += any(code in (2, 3) for code in codes)
        for code, text in zip(codes, said, strict=True):
            if strange(code, text):
                tally.fault("unexpected", " + ".join(names), text)
        if not any(code in (0, 1) for code in codes):
            tally.fault("stuck", " + ".join(names), " | ".join(said))
        left = [str(path.relative_to(at)) for path in at.rglob("*.part") if path.name != "model.part"]
        if fault := whole(copy) or (f"left: {left}" if left else ""):
            tally.fault("damaged", " + ".join(names), fault)


def main(case: str, arguments: list[str]) -> Path:
    """Run them and write the result."""
    rounds = given(arguments, rounds=3).rounds
    tallies = {" + ".join(names): Tally() for names in TWO}
    with tempfile.TemporaryDirectory() as folder:
        book = make(Path(folder))
        for names, tally in zip(TWO, tallies.values(), strict=True):
            for _ in range(rounds):
                meet(book, names, tally)
            print(names, asdict(tally), flush=True)
    pairs = {name: asdict(tally) for name, tally in tallies.items()}
    return write_result(case, {**summary(tallies), "rounds": rounds, "pairs": pairs})


__all__ = ["TWO", "main", "meet"]
