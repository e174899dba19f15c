"""CALIBRATED: what a temperature, thresholds by costs and sure answers are worth on test rows that chose nothing.

A quick fine-tune of each set, then `tunebook calibrate` three times: for the temperature alone, by costs (a mix-up in
one direction is five times as dear as in the other; of more classes, into the commonest one), and for sure answers.

    OMP_NUM_THREADS=1 TUNEBOOK_REAL_DATA=... python -m benchmarks CALIBRATED [--only en_sst2]
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.record import RESULTS, given, write_result
from benchmarks.sets import book_of, model_of, read_set

ROWS = {"en_sst2": (800, 600, 1200), "zh_hotel_htl": (800, 600, 1200), "en_banking77": (1500, 800, 1600)}
TABLE = {"max_epochs": 3, "early_stopping_patience": None}
_OTHERS = {"zh_hotel_htl": {"max_length": 48}, "en_banking77": {"max_epochs": 5, "max_length": 24}}
_SURE = {"en_sst2": 0.9, "zh_hotel_htl": 0.9, "en_banking77": 0.9}
_DEAR, _CHEAP = 5.0, 1.0


def costs_of(names: list[str], rows: list[tuple[str, str]]) -> str:
    """A table of costs: to take what is of another class for the commonest one is dear."""
    commonest = Counter(label for _, label in rows).most_common(1)[0][0] if len(names) > 2 else names[-1]
    lines = [",".join(["true", *names])]
    for true in names:
        cells = [0.0 if said == true else _DEAR if said == commonest else _CHEAP for said in names]
        lines.append(",".join([true, *map(str, cells)]))
    return "\n".join(lines) + "\n"


def measured(name: str, folder: Path) -> dict[str, Any]:
    """One set: figures before and after, and what it took."""
    import tunebook as tb
    from tunebook.tables.make import child

    begun = time.process_time()
    rows, parts, start = read_set(name), {}, 0
    for split, count in zip(("train", "validation", "test"), ROWS[name], strict=True):
        parts[split] = rows[start : start + count]
        start += count
    book = book_of(folder, parts, model_of(name), problem="single_label")
    names = book.data.labels.names
    (book.path / "costs.csv").write_text(costs_of(names, rows), encoding="utf-8")
    with (book.path / "book.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[business.money]\ncosts = "costs.csv"\n')
    run = tb.train(tb.plan(child(book.champion, {**TABLE, **_OTHERS.get(name, {})}), book.data), track=())
    found: dict[str, Any] = {"rows": dict(book.data.rows), "classes": len(names)}
    heat = tb.calibrate(run).temperature
    found["temperature"] = heat.model_dump(mode="json")
    cuts = tb.calibrate(run, cost="money").cuts
    told = {"validation": cuts.validation["money"], "test": cuts.test["money"], "accuracy": cuts.test["accuracy"]}
    found["cost"] = {"classes": cuts.classes, **{name: change.model_dump() for name, change in told.items()}}
    try:
        sure = tb.calibrate(run, accuracy=_SURE[name]).certain
        found["sure"] = sure.model_dump(mode="json", exclude={"validation": {"curve"}, "test": {"curve"}})
    except tb.TunebookError as error:
        found["sure"] = {"refused": error.code, "allowed": error.allowed}
    return {**found, "cpu_seconds": time.process_time() - begun}


def main(claim: str, arguments: list[str]) -> Path:
    """Each set in a folder that is thrown away; what is known is written after each."""
    path, options = RESULTS / f"{claim}.json", given(arguments, only="")
    found = json.loads(path.read_text(encoding="utf-8"))["sets"] if path.is_file() else {}
    for name in ROWS:
        if options.only in name:
            folder = Path(tempfile.mkdtemp(prefix="tunebook-"))
            try:
                found[name] = measured(name, folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            print(name, found[name], flush=True)
            write_result(claim, {"table": TABLE, "others": _OTHERS, "costs": [_DEAR, _CHEAP], "sets": found})
    return path


__all__ = ["ROWS", "TABLE", "costs_of", "main", "measured"]
