"""CHALLENGE_FALLS: what changes of their texts cost quick models of three real sets, by capability.

Models are trained on a few thousand drawn rows for minutes at most: the figures show what such a model cannot do, not
what a good one can. A set that is in the result already is not run again.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.real_tasks import CASES
from benchmarks.record import DATA, RESULTS, given, write_result

NAME = "CHALLENGE_FALLS"


@dataclass(frozen=True)
class Quick:
    """How a set is trained and asked.

    Attributes:
        rows: training rows that are drawn; changed: of the table; sentiment: which labels are good and bad; attack:
            rows whose words are replaced by like ones.
    """

    rows: int
    changed: dict[str, Any] = field(default_factory=dict)
    sentiment: dict[str, str] = field(default_factory=dict)
    attack: int = 0


_OPPOSITE = {"positive": "1", "negative": "0"}
SETS = {
    "en_sst2": Quick(3000, {"max_epochs": 2, "max_length": 64}, _OPPOSITE, 40),
    "zh_hotel_htl": Quick(3000, {"max_epochs": 3, "max_length": 128}, _OPPOSITE, 15),
    "en_banking77": Quick(4000, {"max_epochs": 4, "max_length": 48, "learning_rate": 3e-4}),
}


def main(claim: str, argv: list[str]) -> str:
    """Run the sets that have no result yet, or the one that is named with `--only`; `--keep FOLDER` keeps the books."""
    options = given(argv, only="", keep="")
    path = RESULTS / f"{NAME}.json"
    done: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["sets"] if path.exists() else {}
    for name in [options.only] if options.only else [name for name in SETS if name not in done]:
        folder = Path(options.keep or tempfile.mkdtemp(prefix="tunebook-"))
        done[name] = measured(name, SETS[name], folder)
        write_result(NAME, {"claim": claim, "seeds": 1, "sets": done})
        if not options.keep:
            shutil.rmtree(folder)
    return str(path)


def measured(name: str, quick: Quick, folder: Path) -> dict[str, Any]:
    """Train a set and change its validation rows."""
    import tunebook as tb
    from tunebook.data.options import DataOptions
    from tunebook.tables.make import child

    case, begun = CASES[name], time.process_time()
    if (folder / name).is_dir():
        book = tb.open_book(folder / name)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        files = {part: DATA / name / file for part, file in case.files.items()}
        files["train"] = rows_of(files["train"], quick.rows, folder)
        model = str(DATA / case.model) if case.model else "builtin:minilm"
        book = tb.init(folder / name, data=files, model=model, options=DataOptions(**case.options))
    done = [run for run in book.runs if run.finished]
    run = done[-1] if done else tb.train(tb.plan(child(book.champion, quick.changed), book.data), track=())
    found = tb.challenge(run, sentiment=quick.sentiment, attack=quick.attack)
    kept = {
        "expects",
        "rows",
        "unchanged",
        "score",
        "before",
        "fall",
        "flipped",
        "met",
        "p_value",
        "failed",
        "skipped",
        "queries",
    }
    return {
        "rows": book.data.rows,
        "metric": found.metric,
        "score": found.score.model_dump() if found.score else None,
        "drawn": found.rows,
        "cpu_seconds": round(time.process_time() - begun),
        "capabilities": {item.key: item.model_dump(mode="json", include=kept) for item in found.capabilities},
    }


def rows_of(path: Path, count: int, into: Path) -> Path:
    """So many rows of a packed file, drawn with the seed 0, its heading kept where it has one."""
    if ".csv" not in path.suffixes:
        import gzip
        import random

        lines = gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()
        found = into / path.stem
        found.write_text("\n".join(random.Random(0).sample(lines, count)) + "\n", encoding="utf-8")
        return found
    import pandas as pd

    found = into / path.stem
    pd.read_csv(path).sample(count, random_state=0).to_csv(found, index=False)
    return found


__all__ = ["main"]
