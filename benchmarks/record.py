"""What every benchmark shares: where real data lies, and how a result is written down."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("TUNEBOOK_REAL_DATA", ROOT.parent / "shared" / "data"))
Cell = dict[str, Any]
RESULTS = Path(__file__).parent / "results"
_SCORES = ("accuracy", "span_f1", "loss_after")  # what sides are scored by after their training
_LIBRARIES = ("tunebook", "torch", "transformers", "accelerate", "numpy")


def given(arguments: list[str], **defaults: float | str) -> argparse.Namespace:
    """Options of a benchmark, each of the type of its default: `draws=4000` is `--draws`."""
    read = argparse.ArgumentParser()
    for name, value in defaults.items():
        read.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    return read.parse_args(arguments)


def fill(
    claim: str,
    arguments: list[str],
    wanted: Callable[[str], Iterable[Cell]],
    run: Callable[[Cell], Cell],
    *,
    key: Callable[[Cell], tuple[Any, ...]],
    write: Callable[[str, list[Cell]], Path],
) -> Path:
    """Run the cells that are missing until the budget of processor time is spent, and write the summary after each.

    Args:
        wanted: part of a set's name -> cells; run: a cell -> its record, which holds the cell; key: what a cell is.
    """
    options = given(arguments, minutes=12.0, only="")
    path = RESULTS / f"{claim}.json"
    runs: list[Cell] = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.is_file() else []
    done = set(map(key, runs))
    for cell in wanted(options.only):
        if key(cell) in done:
            continue
        if time.process_time() > 60 * options.minutes:
            break
        runs.append(run(cell))
        print({name: value for name, value in runs[-1].items() if name != "right"}, flush=True)
        write(claim, runs)
    return write(claim, runs)


def ratio(values: list[float]) -> dict[str, float]:
    """Median of ratios with the smallest and the largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "pairs": len(values)}


def compared(result: Cell) -> list[Cell]:
    """What a result says of us against each other side, the same for all benchmarks of sides that ran in turns.

    Each is {case, against, ratio: {median, min, max, pairs}} and, where the sides were scored, {accuracy: {ours,
    theirs}}, or another score by its name: the median of the runs.
    """
    cases = result.get("cases")
    parts = {"": result, **(cases if isinstance(cases, dict) else {}), **result}
    return [
        {"case": name, "against": side, "ratio": found, **_scores(part["runs"], side)}
        for name, part in parts.items()
        if isinstance(part, dict) and isinstance(part.get("runs"), dict)
        for side, found in part.get("speed_ratio", {}).items()
    ]


def _scores(runs: dict[str, list[Cell]], side: str) -> Cell:
    """Of both, by the name of the score; ours are the runs of the first side."""
    of = {"ours": runs[next(iter(runs))], "theirs": runs.get(side, [])}
    told = {name: {who: [run[name] for run in each if name in run] for who, each in of.items()} for name in _SCORES}
    found = {name: both for name, both in told.items() if all(both.values())}
    return {name: {who: statistics.median(each) for who, each in both.items()} for name, both in found.items()}


def write_result(name: str, result: dict[str, Any]) -> Path:
    """Write a result with the machine, the versions and the command that gave it, and what it compares."""
    around = {
        "date": time.strftime("%Y-%m-%d"),
        "command": " ".join(["python -m benchmarks", *sys.argv[1:]]),
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "flags": _flags(),
        },
        "versions": {library: importlib.metadata.version(library) for library in _LIBRARIES},
    }
    told = {"compared": pairs} if (pairs := compared(result)) else {}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({**around, **told, **result}, indent=2) + "\n", encoding="utf-8")
    return path


def graded(whole: bool, part: object) -> str:
    """The word for a claim that holds as a whole, for one of which a part does, and for one that does not hold."""
    return "met" if whole else "partly" if part else "not met"


def _cpu(field: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(field)), "")


def _processor() -> str:
    return _cpu("model name") or platform.processor()


def _flags() -> list[str]:
    """The instructions that decide how fast 16-bit and 8-bit arithmetic is."""
    return [flag for flag in _cpu("flags").split() if flag.startswith(("avx512", "amx"))]


__all__ = ["DATA", "RESULTS", "ROOT", "Cell", "compared", "fill", "given", "graded", "ratio", "write_result"]
