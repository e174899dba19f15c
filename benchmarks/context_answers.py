"""ANSWERS: answers from CMRC 2018 contexts, from the raw files to test scores beside the baselines.

One seed each: it shows that the way works and what it reaches, not which setting is better. To fit into a few minutes
of a processor the contexts are short ones, and few passes are made over them.
"""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.record import DATA, RESULTS, write_result

NAME = "ANSWERS"
FILES = ("cmrc2018_dev.json.gz", "cmrc2018_trial.json.gz")
ROWS = ("learning_rate", "batch_size", "max_epochs", "max_length", "question_answering.max_answer", "freeze.layers")


@dataclass(frozen=True)
class Case:
    """A model and the contexts that it is trained on: those of at most so many characters.

    Attributes:
        rows: rows of the table that are changed.
    """

    model: str
    characters: int
    rows: dict[str, Any] = field(default_factory=dict)


CASES = {
    "multilingual": Case(
        "builtin:multilingual",
        350,
        {"max_epochs": 2, "batch_size": 8, "early_stopping_patience": None, "freeze": True, "freeze.layers": 6},
    ),
    "zh_mini": Case("model_zh_mini", 350, {"max_epochs": 4, "batch_size": 8, "early_stopping_patience": None}),
}


def main(claim: str, argv: list[str]) -> str:
    """Run the models that are named, or those that have no result yet."""
    path = RESULTS / f"{NAME}.json"
    done: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["models"] if path.exists() else {}
    for name in argv or [name for name in CASES if name not in done]:
        done[name] = measured(CASES[name])
        write_result(NAME, {"claim": claim, "seeds": 1, "models": done})
        print(f"{name}: {json.dumps(done[name])}", flush=True)
    return str(path)


def short(characters: int, into: Path) -> Path:
    """The articles of both files whose contexts are short enough, as one file."""
    articles = []
    for name in FILES:
        whole = json.loads(gzip.decompress((DATA / "zh_cmrc2018_dev" / name).read_bytes()))
        for article in whole["data"]:
            kept = [one for one in article["paragraphs"] if len(one["context"]) <= characters]
            articles += [{**article, "paragraphs": kept}] if kept else []
    found = into / "cmrc2018_short.json"
    found.write_text(json.dumps({"version": "v1.0", "data": articles}, ensure_ascii=False), encoding="utf-8")
    return found


def measured(case: Case) -> dict[str, Any]:
    """Read, train and score in a folder that is thrown away."""
    import tunebook as tb
    from tunebook.data.options import DataOptions
    from tunebook.tables.make import child

    folder = Path(tempfile.mkdtemp(prefix="tunebook-"))
    try:
        model = case.model if case.model.startswith("builtin:") else str(DATA / case.model)
        data = short(case.characters, folder)
        book = tb.init(folder / "book", data=data, model=model, options=DataOptions(task="question_answering"))
        run = tb.train(tb.plan(child(book.champion, case.rows), book.data), track=())
        report = tb.evaluate(run)
        values = run.plan.values or {key: row.value for key, row in book.champion.rows.items()} | case.rows
        return {
            "rows": book.data.rows,
            "contexts": book.data.stats["answered"]["contexts"],
            "characters": case.characters,
            "changed": case.rows,
            "metrics": report.metrics,
            "intervals": {key: item.model_dump() for key, item in report.intervals.items()},
            "groups": report.groups,
            "baselines": report.baselines,
            "ahead": None if report.ahead is None else report.ahead.model_dump(),
            "parts": report.extra["answers_by"],
            "ledger": book.data.stats["ledger"],
            "table": {key: values[key] for key in ROWS if key in values},
            "history": [
                {key: look[key] for key in ("step", "eval_f1", "eval_exact_match") if key in look}
                for look in run.history
                if "eval_f1" in look
            ],
            "steps": run.outcome["steps"],
            "seconds": run.outcome["seconds"],
            "processor_seconds": run.outcome["processor_seconds"],
            "peak_memory_bytes": run.outcome["peak_memory_bytes"],
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


__all__ = ["CASES", "main", "measured", "short"]
