"""PLANTED: whether the cause of a run's errors is named, where it is known because it was put there.

Ten faults are each put into real rows: once into sets on which the thresholds of the causes were chosen, once, in
another way, into sets that were looked at only then and on which the causes were mended, and, in yet others, into sets
that are fixed beforehand and run once. Beside them stand rows as they are, of which nothing serious is to be named. A
book is trained from 500 rows, then `errors` is asked for the causes on 400 validation rows.

named: the planted cause is among those told; first: it stands at their head. A case that is in the result already is
not run again.

    OMP_NUM_THREADS=1 python -m benchmarks PLANTED [--keep FOLDER] [--minutes 25] [--only 'held_out slice']
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.planted_rows import CASES, COLUMNS, planted
from benchmarks.record import RESULTS, given, write_result
from benchmarks.sets import book_of

NAME = "PLANTED"
ENGLISH = {"max_epochs": 3, "learning_rate": 1e-4, "precision": "fp32"}
CHINESE = {"max_epochs": 6, "learning_rate": 5e-4, "precision": "fp32"}  # the small Chinese BERT learns more slowly
Cell = dict[str, Any]


def made(fault: str, way: str, name: str, folder: Path) -> Any:
    """The trained run of a case; the one in the folder where there is one."""
    from tunebook.tables.make import child
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.train import train

    at = folder / f"{fault or 'healthy'}-{way}-{name}-0"
    case = planted(fault, way, name, 0)
    allow: Any = frozenset({"unknown_tokens"} if case.unknown else ())
    if not (at / "book" / "book.toml").is_file():
        book_of(at, case.parts, case.model, COLUMNS, allow)
    book = open_book(at / "book")
    if done := [run for run in book.runs if run.finished]:
        return done[-1]
    rows = {**(CHINESE if "zh_mini" in case.model else ENGLISH), **case.rows}
    return train(plan(child(book.champion, rows), book.data, allow=allow), book.path / "runs", track=())


def measured(part: str, case: tuple[str, str, str], folder: Path) -> Cell:
    """What is named of a case."""
    from tunebook.verbs.errors import errors

    fault, way, name = case
    run = made(fault, way, name, folder)
    begun = time.process_time()
    found = errors(run)
    named = [
        {"key": one.key, "share": [one.share.value, one.share.low, one.share.high], "p": one.p_value,
         "serious": one.serious}
        for one in found.causes
    ]  # fmt: skip
    return {
        "part": part, "fault": fault, "way": way, "set": name, "error": found.errors.value, "causes": named,
        "named": fault in [one["key"] for one in named], "first": bool(named) and named[0]["key"] == fault,
        "serious": [one["key"] for one in named if one["serious"]], "seconds": time.process_time() - begun,
    }  # fmt: skip


def summary(cells: list[Cell]) -> dict[str, Cell]:
    """Per part: planted books of which the fault was named, at all, first, and as serious; and healthy ones with a
    serious cause."""
    found = {}
    for part in CASES:
        mine = [cell for cell in cells if cell["part"] == part]
        sick, well = ([cell for cell in mine if bool(cell["fault"]) is side] for side in (True, False))
        found[part] = {
            "planted": len(sick), "named": sum(cell["named"] for cell in sick),
            "first": sum(cell["first"] for cell in sick),
            "serious": sum(cell["fault"] in cell["serious"] for cell in sick),
            "healthy": len(well), "false_alarms": sum(bool(cell["serious"]) for cell in well),
        }  # fmt: skip
    return found


def main(claim: str, argv: list[str]) -> str:
    """Measure the cases that are not in the result yet."""
    options = given(argv, keep="", minutes=25.0, only="")
    path = RESULTS / f"{NAME}.json"
    cells: list[Cell] = json.loads(path.read_text(encoding="utf-8"))["cases"] if path.exists() else []
    known = {(cell["part"], cell["fault"], cell["way"], cell["set"]) for cell in cells}
    with tempfile.TemporaryDirectory(prefix="tunebook-") as thrown:
        folder = Path(options.keep or thrown)
        for part, cases in CASES.items():
            for case in cases:
                late = time.process_time() > 60 * options.minutes
                if (part, *case) in known or options.only not in " ".join((part, *case)) or late:
                    continue
                cells.append(measured(part, case, folder))
                print(json.dumps(cells[-1]), flush=True)
                write_result(NAME, {"claim": claim, "summary": summary(cells), "cases": cells})
    return str(path)


__all__ = ["main", "measured", "summary"]
