"""TASKS: the main job on real data sets, from raw files to test scores beside the baselines, with the proposed table.

One seed each: it shows that the way works and what it reaches, not which setting is better. A set that is in the result
already is not run again, so that the benchmark can be stopped and taken up.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.record import DATA, RESULTS, write_result

NAME = "TASKS"
ROWS = ("learning_rate", "batch_size", "max_epochs", "max_length", "head_rate.factor", "crf")


@dataclass(frozen=True)
class Case:
    """A data set as a user would name it to `tunebook init`.

    Attributes:
        files: part -> file under the folder of real data.
        model: folder under it; None takes the built-in model.
        options: columns and the kind of labels.
        rows: rows of the table that are changed, and why the set needs them.
        drawn: training rows that are drawn with the seed 0, where all of them would take too long; 0 for all.
    """

    files: dict[str, str]
    model: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    drawn: int = 0


_CONLL = {"train": "train.txt", "validation": "dev.txt", "test": "test.txt"}
CASES = {
    "en_sst2": Case({"train": "train.tsv.gz", "validation": "dev.tsv", "test": "test.tsv"}),
    "en_banking77": Case({"train": "train.csv.gz", "test": "test.csv"}),
    "en_stsb": Case(
        {"train": "sts-train.csv.gz", "validation": "sts-dev.csv", "test": "sts-test.csv"},
        options={"text": "c6", "text_pair": "c7", "label": "c5"},
    ),
    "zh_hotel_htl": Case({"train": "ChnSentiCorp_htl_all.csv.gz"}, model="model_zh_mini", rows={"max_length": 128}),
    "en_goemotions": Case(
        {"train": "train.tsv.gz", "validation": "dev.tsv", "test": "test.tsv"},
        options={"text": "c1", "label": "c2", "problem": "multi_label"},
        rows={"max_steps": 600},
    ),
    **{f"en_crossner/{domain}": Case(_CONLL) for domain in ("ai", "politics", "science")},
    "zh_cluener": Case(
        {"train": "train.json.gz", "test": "dev.json"},
        model="model_zh_mini",
        options={"overlaps": "longest"},
        drawn=1500,
    ),
    "zh_resume_ner": Case(
        {"train": "train.char.bmes.gz", "validation": "dev.char.bmes", "test": "test.char.bmes"}, model="model_zh_mini"
    ),
    # Nearly half of its titles stand in two of its files: those of the training rows are taken out.
    "zh_ecommerce_ner": Case(
        {"train": "train.txt.gz", "validation": "dev.txt", "test": "test.txt"}, model="model_zh_mini", drawn=1500
    ),
}


def main(claim: str, argv: list[str]) -> str:
    """Run the sets that are named, or those that have no result yet."""
    path = RESULTS / f"{NAME}.json"
    done: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["sets"] if path.exists() else {}
    for name in argv or [name for name in CASES if name not in done]:
        done[name] = measured(name, CASES[name])
        write_result(NAME, {"claim": claim, "seeds": 1, "sets": done})
        print(f"{name}: {json.dumps(done[name])}", flush=True)
    return str(path)


def draw(path: Path, count: int, into: Path) -> Path:
    """So many sentences or lines of a packed file, drawn with the seed 0, in their order, as a file beside."""
    text = gzip.decompress(path.read_bytes()).decode("utf-8").replace("\r\n", "\n")
    gap = "\n" if ".json" in path.suffixes else "\n\n"
    parts = text.strip("\n").split(gap)
    chosen = sorted(random.Random(0).sample(range(len(parts)), count))
    found = into / path.stem
    found.write_text("".join(parts[place] + gap for place in chosen), encoding="utf-8")
    return found


def measured(name: str, case: Case) -> dict[str, Any]:
    """Read, train and score one set in a folder that is thrown away."""
    import tunebook as tb
    from tunebook.data.options import DataOptions
    from tunebook.tables.make import child

    folder = Path(tempfile.mkdtemp(prefix="tunebook-"))
    try:
        model = str(DATA / case.model) if case.model else "builtin:minilm"
        files = {part: DATA / name / file for part, file in case.files.items()}
        if case.drawn:
            files["train"] = draw(files["train"], case.drawn, folder)
        book = tb.init(folder / name, data=files, model=model, options=DataOptions(**case.options))
        table = child(book.champion, case.rows) if case.rows else book.champion
        run = tb.train(tb.plan(table, book.data), track=())
        report = tb.evaluate(run)
        headline = report.headline
        return {
            "rows": book.data.rows,
            "changed": case.rows,
            "drawn": case.drawn,
            "headline": headline,
            "score": report.metrics[headline],
            "interval": report.intervals[headline].model_dump() if headline in report.intervals else None,
            "baselines": {key: scores.get(headline) for key, scores in report.baselines.items()},
            "metrics": report.metrics,
            "table": {key: table.rows[key].value for key in ROWS if key in table.rows},
            "steps": run.outcome["steps"],
            "seconds": run.outcome["seconds"],
            "processor_seconds": run.outcome["processor_seconds"],
            "peak_memory_bytes": run.outcome["peak_memory_bytes"],
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


__all__ = ["CASES", "main", "measured"]
