"""P4: the A/B test of two tables against ten separate trainings of them, with the same seeds and the same verdict.

The separate trainings are what one would type without `ab`: `tunebook train` ten times, each a process of its own, with
five seeds of each table, and then a comparison of the runs by the same rule in one look. Both sides start from copies
of one fresh book and keep their token caches to themselves. Evaluation on the test rows is left out on both sides.

    python -m benchmarks P4 [--repeats 1] [--rows 3000] [--seeds 5] [--model builtin:minilm] [--tables close]

`--tables clear` tests two tables of which one hardly learns, so that the looks may end the test early; its result is
`P4_clear`.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.record import DATA, Cell, given, ratio, write_result

OLD = {"close": ("learning_rate=5e-6", "max_epochs=1"), "clear": ("learning_rate=5e-7", "max_epochs=1")}
NEW = ("learning_rate=1e-4", "max_epochs=1")
COMMON = ("batch_size=32", "early_stopping_patience=none")


def rows(path: Path, count: int) -> Path:
    """The first rows of en_sst2 as a CSV file."""
    import csv

    lines = gzip.decompress((DATA / "en_sst2" / "train.tsv.gz").read_bytes()).decode("utf-8").splitlines()[:count]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        writer.writerows(_parts(line) for line in lines)
    return path


def _parts(line: str) -> tuple[str, str]:
    """Text and label, whichever comes first."""
    first, _, rest = line.partition("\t")
    return (rest, first) if first in ("0", "1") else (line.rpartition("\t")[0], line.rpartition("\t")[2])


def tunebook(*words: object) -> tuple[float, int, Any]:
    """Seconds, exit code and answer of a command in a process of its own.

    Raises:
        RuntimeError: the command failed.
    """
    command = [sys.executable, "-c", "import sys; from tunebook.cli import main; sys.exit(main())"]
    start = time.perf_counter()
    done = subprocess.run([*command, *map(str, words), "--json"], capture_output=True, text=True)
    seconds = time.perf_counter() - start
    answer = json.loads(done.stdout.strip().splitlines()[-1]) if done.stdout.strip() else {}
    if done.returncode > 1 or "error" in answer:
        raise RuntimeError(f"{words}: {answer or done.stderr[-2000:]}")
    return seconds, done.returncode, answer


def make_book(folder: Path, file: Path, model: str, old: str = "close") -> Path:
    """A book whose v2 and v3 are to be compared."""
    book = folder / "book"
    tunebook("init", book, "--data", file, "--model", model)
    tunebook("table", "set", book, *COMMON, *OLD[old])
    tunebook("table", "set", book, *NEW, "--table", "v2")
    return book


def separate(book: Path, seeds: int) -> dict[str, Any]:
    """Seconds of all trainings, one process each, and the verdict of their comparison."""
    seconds = []
    runs: dict[str, list[str]] = {"v2": [], "v3": []}
    for seed in range(1, seeds + 1):
        for table, found in runs.items():
            took, _, answer = tunebook(
                "train", book, "--table", table, "--set", f"seed={seed}", "--no-eval", "--track", "none"
            )
            seconds.append(took)
            found.append(answer["run"])
    code = (
        "import sys, json, tunebook as tb\n"
        "book = tb.open_book(sys.argv[1])\n"
        "sides = [[book.run(name) for name in part.split(',')] for part in sys.argv[2:]]\n"
        "found = tb.compare(*sides, book.file.gate)\n"
        "print(json.dumps([found.verdict, found.gain, found.lower, found.upper]))\n"
    )
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, str(book), *(",".join(part) for part in runs.values())],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    compared = time.perf_counter() - start
    verdict, gain, lower, upper = json.loads(done.stdout.strip().splitlines()[-1])
    return {"seconds": sum(seconds), "compare_seconds": compared, "runs": len(seconds), "verdict": verdict,
            "gain": gain, "lower": lower, "upper": upper}  # fmt: skip


def together(book: Path, seeds: int, *more: str) -> dict[str, Any]:
    """Seconds and verdict of one A/B test."""
    took, _, answer = tunebook("ab", book, "v2", "v3", "--seeds", seeds, *more)
    names = ("verdict", "gain", "lower", "upper", "seeds", "looks")
    return {"seconds": took, "runs": 2 * answer["seeds"], **{name: answer[name] for name in names}}


def against_separate(found: dict[str, list[dict[str, Any]]], side: str) -> Cell:
    """How many times sooner a side is done than separate trainings."""
    times = [two["seconds"] / one["seconds"] for one, two in zip(found[side], found["separate"], strict=True)]
    return {"case": side.replace("_", " "), "against": "separate", "ratio": ratio(times)}


def main(case: str, arguments: list[str]) -> Path:
    """Alternate both sides and write the result."""
    options = given(arguments, repeats=1, rows=3000, seeds=5, model="builtin:minilm", tables="close")
    found: dict[str, list[dict[str, Any]]] = {"separate": [], "ab": [], "ab_without_looks": []}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        os.environ["TUNEBOOK_HOME"] = str(place / "home")  # the user's index of lessons learns nothing from this
        book = make_book(place, rows(place / "rows.csv", options.rows), options.model, options.tables)
        for repeat in range(options.repeats):
            for side in found:
                copy = place / f"{side}-{repeat}"
                shutil.copytree(book, copy)
                looks = ("--looks", "none") if side == "ab_without_looks" else ()
                result = separate(copy, options.seeds) if side == "separate" else together(copy, options.seeds, *looks)
                found[side].append(result)
                print(case, repeat, side, result, flush=True)
                shutil.rmtree(copy)
    shares = {
        side: ratio(
            [one["seconds"] / other["seconds"] for one, other in zip(found[side], found["separate"], strict=True)]
        )
        for side in ("ab", "ab_without_looks")
    }
    accepted = [{"STRONG", "PROMOTE"} >= {one["verdict"], two["verdict"]} or one["verdict"] == two["verdict"]
                for one, two in zip(found["ab"], found["separate"], strict=True)]  # fmt: skip
    return write_result(
        "P4_ab_sharing" if options.tables == "close" else "P4_clear",
        {
            "compared": [against_separate(found, side) for side in shares],
            "case": f"en_sst2, {options.rows} rows, {options.model}, {options.seeds} seeds",
            "tables": {"old": [*COMMON, *OLD[options.tables]], "new": [*COMMON, *NEW]},
            "target": "<= 0.6 of the time, same verdict",
            "same_verdict": accepted,
            "share_of_time": shares,
            "runs": found,
        },
    )


__all__ = ["against_separate", "main", "make_book", "rows", "separate", "together", "tunebook"]
