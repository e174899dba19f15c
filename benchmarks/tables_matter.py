"""H2: what a good table is worth. A careless table against the recommended one, by the gate's own A/B test.

The careless table is what a copy of settings for a far larger model looks like: a rate of 5e-6 that never falls, no
warm-up, one pass, 32 rows a step. It is made the champion of a book; `recommend` with all rows is then asked for a
second opinion, and the two versions meet in an A/B test on the same validation rows with the same seeds. With
--textbook a third version joins, the middle of what BERT's authors tried for BERT-base (3e-5, 3 passes, 32 rows): what
one would copy with care, but without looking at data or model.

Also the peak memory of one training with 32 rows at once against 16, each in a process of its own; and with one row, to
show how much of the memory does not depend on the batch.

    python -m benchmarks H2 [--seeds 3] [--rows 600] [--textbook] [--only zh_]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.record import RESULTS, ROOT, graded, write_result
from benchmarks.sets import book_of, characters_of, model_of, read_set

SETS = ("en_trec6", "en_sst2", "zh_thucnews_titles", "zh_hotel_htl")
CARELESS = {
    "learning_rate": 5e-6, "lr_scheduler": "constant", "warmup_ratio": 0.0, "max_epochs": 1, "batch_size": 32,
    "gradient_accumulation_steps": 1, "early_stopping_patience": None,
}  # fmt: skip
TEXTBOOK = {
    "learning_rate": 3e-5, "lr_scheduler": "linear", "warmup_ratio": 0.1, "max_epochs": 3, "batch_size": 32,
    "gradient_accumulation_steps": 1, "early_stopping_patience": None,
}  # fmt: skip
SAYS = "A tuned table lifts accuracy by 2 points or more; batch 32 -> 16 lowers training memory by about 30 %."
LESS = 0.3
HELD_OUT, CHARACTERS = 500, 120
MEMORY_SET, MEMORY_STEPS, MEMORY_LENGTH = "en_fdu_reviews", 6, 256


def make_book(name: str, folder: Path, rows: int, characters: int = CHARACTERS, model: str = "") -> Any:
    """A book with so many training rows, 500 validation rows and 100 test rows; texts cut, so that runs are short."""
    cut = [(text[:characters], label) for text, label in read_set(name)]
    found = list({text: (text, label) for text, label in cut}.values())
    ends = (0, HELD_OUT, HELD_OUT + 100, HELD_OUT + 100 + rows)
    parts = {part: found[ends[n] : ends[n + 1]] for n, part in enumerate(("validation", "test", "train"))}
    return book_of(folder, parts, model or model_of(name))


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Gain of the recommended table over the careless one on a set."""
    from tunebook.tables.in_force import diff
    from tunebook.tables.make import child
    from tunebook.verbs.ab import ab
    from tunebook.verbs.promote import promote
    from tunebook.verbs.steps.recommend import Wish, recommend

    with tempfile.TemporaryDirectory(prefix="tunebook-") as place:
        os.environ["TUNEBOOK_HOME"] = place  # what other books have taught is to be no part of it
        book = make_book(name, Path(place), options.rows, characters_of(name))
        careless = book.tables.add(child(book.champion, CARELESS, note="careless"))
        textbook = book.tables.add(child(book.champion, TEXTBOOK, note="textbook"))
        promote(book, careless.version, force=True, reason="what was copied from somewhere")
        advice = recommend(book, Wish(everything=True))
        assert advice.table is not None
        found = {
            "rows": book.data.rows,
            "model": Path(model_of(name)).name,
            "advice": diff(careless, advice.table),
            "against_careless": told(ab(book, careless.version, advice.table.version, seeds=options.seeds)),
        }
        if options.textbook:
            found["against_textbook"] = told(ab(book, textbook.version, advice.table.version, seeds=options.seeds))
        return found


def told(verdict: Any) -> dict[str, Any]:
    """What a verdict says, without what only its report needs."""
    kept = {"verdict", "metric", "gain", "lower", "upper", "delta", "alpha", "seeds", "n", "looks", "cost", "flips"}
    chosen: dict[str, Any] = verdict.model_dump(mode="json", include=kept)
    scores = {name: verdict.extra[name] for name in ("a", "b", "scores", "arms") if name in verdict.extra}
    return {**chosen, **scores}


def memory(batch_size: int) -> dict[str, float]:
    """Peak memory of a few steps with so many rows at once, in this very process."""
    from tunebook.tables.make import child
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.train import train

    changes = {
        "batch_size": batch_size, "gradient_accumulation_steps": 1, "max_steps": MEMORY_STEPS, "warmup_ratio": 0.0,
        "max_length": MEMORY_LENGTH, "precision": "fp32", "length_bucketing": "off",
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="tunebook-") as place:
        book = make_book(MEMORY_SET, Path(place), 600, 2000)
        run = train(plan(child(book.champion, changes), book.data), track=())
        return {"batch_size": batch_size, "peak_memory_bytes": run.outcome["peak_memory_bytes"]}


def memory_of_batches() -> dict[str, Any]:
    """Peaks with 32, 16 and 1 rows at once, and by how much 16 lowers that of 32."""
    peaks = {}
    for batch in (32, 16, 1):
        command = [sys.executable, "-m", "benchmarks.tables_matter", str(batch)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        peaks[batch] = int(json.loads(done.stdout.strip().splitlines()[-1])["peak_memory_bytes"])
    fixed = peaks[1]
    return {
        "set": MEMORY_SET,
        "max_length": MEMORY_LENGTH,
        "peak_memory_bytes": {str(batch): peak for batch, peak in peaks.items()},
        "lowered_by": 1 - peaks[16] / peaks[32],
        "lowered_by_beyond_one_row": 1 - (peaks[16] - fixed) / max(peaks[32] - fixed, 1),
    }


def judged(result: dict[str, Any]) -> dict[str, str]:
    """Met: surely two points or more on every set, and 16 rows take 30 % less memory than 32; partly: some of it."""
    against = {name: found["against_careless"] for name, found in result["sets"].items()}
    good = [found["verdict"] == "STRONG" for found in against.values()]
    saved = (result["memory"] or {}).get("lowered_by", 0.0)
    verdict = graded(all(good) and saved >= LESS, any(good) or saved >= LESS)
    told = "; ".join(
        f"{name}: {100 * found['gain']:+.1f} points, {found['verdict']}" for name, found in against.items()
    )
    return {"claim": SAYS, "verdict": verdict, "why": f"{told}. 16 rows at once take {saved:.0%} less memory than 32."}


def main(claim: str, arguments: list[str]) -> Path:
    """Run the sets that are not in the result yet, then the memory, and write it down after each."""
    read = argparse.ArgumentParser()
    read.add_argument("--seeds", type=int, default=3)
    read.add_argument("--rows", type=int, default=600)
    read.add_argument("--textbook", action="store_true")
    read.add_argument("--only", default="")
    options = read.parse_args(arguments)
    path, asked = RESULTS / f"{claim}.json", {"seeds": options.seeds, "rows": options.rows}
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    result: dict[str, Any] = {"asked": asked, "careless": CARELESS, "textbook": TEXTBOOK, "sets": {}, "memory": None}
    if before.get("asked") == asked:
        result |= {name: before[name] for name in ("sets", "memory")}
    for name in (name for name in SETS if options.only in name and name not in result["sets"]):
        result["sets"][name] = measured(name, options)
        print(name, json.dumps(result["sets"][name]["against_careless"])[:400], flush=True)
        write_result(claim, judged(result) | result)
    result["memory"] = result["memory"] or memory_of_batches()
    return write_result(claim, judged(result) | result)


__all__ = ["CARELESS", "TEXTBOOK", "judged", "main", "measured", "memory"]

if __name__ == "__main__":
    print(json.dumps(memory(int(sys.argv[1]))))
