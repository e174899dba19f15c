"""ANSWERING: rows a second of `tunebook predict --file` on a CPU, against a transformers pipeline with batches of 32.

Tunebook answers as it does by default, and with `--backend auto`, which takes what it has measured to be the quickest
exact way; that was measured once before and is kept in the book. The pipeline is `pipeline("text-classification",
batch_size=32)` of the same run's model folder, with the length that the run has, over the same rows in their order.
All sides are whole processes, one after the other, A B C A B C ...: each reads the file, loads the model, answers
every row and writes the answers. The time of answering alone is told beside, of Tunebook from the loaded model, of the
pipeline from its call. That labels are equal and how far scores are from each other is shown of the last turn. Threads
are two, or what OMP_NUM_THREADS says.

    python -m benchmarks ANSWERING [--pairs 3] [--rows 160]
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.record import ROOT, given, ratio, write_result
from benchmarks.training_speed import texts

CASES = {"reviews": ("P2", "en_fdu_reviews, uneven length"), "sentences": ("P1", "en_sst2, about 22 tokens")}
SIDES = ("tunebook", "auto", "pipeline")
BATCH, LENGTH = 32, 256


def made(case: str, rows: int, folder: Path) -> tuple[Path, Path, Path]:
    """A book, its run of two steps (what it has learnt changes no speed), and a file of texts that it has not seen."""
    import tunebook as tb
    from tunebook.tables.make import child

    train, labels, test, _ = texts(CASES[case][0])
    step = len(train) // 200
    known = [{"text": text, "label": f"class {label}"} for text, label in zip(train, labels, strict=True)][::step]
    book = tb.init(folder / "book", known, options=tb.DataOptions(task="text_classification"))
    table = child(book.tables.get("champion"), {"max_steps": "2", "max_length": str(LENGTH), "batch_size": "8"})
    run = tb.train(tb.plan(table, book.data), track=())
    asked = folder / "asked.csv"
    with asked.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["text"], *([text] for text in test[:: len(test) // rows][:rows])])
    return book.path, run.path, asked


def run_pipeline(model: str, asked: Path, out: Path) -> float:
    """Answer a file as the pipeline's own page does; the seconds of its call."""
    from transformers import pipeline

    with asked.open(encoding="utf-8", newline="") as stream:
        rows = [row["text"] for row in csv.DictReader(stream)]
    answer: Any = pipeline("text-classification", model=model, device="cpu")
    begun = time.perf_counter()
    answers = answer(rows, batch_size=BATCH, truncation=True, max_length=LENGTH)
    taken = time.perf_counter() - begun
    with out.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps({"text": text, **said}) + "\n" for text, said in zip(rows, answers, strict=True))
    return taken


def run_tunebook(book: str, run: str, asked: Path, out: Path, backend: str) -> float:
    """Answer it with the command; the seconds of tokenising and the model."""
    from tunebook.cli import main as command
    from tunebook.engine.load import LoadedModel

    taken, answers = list[float](), LoadedModel.answers

    def timed(*given: Any, **more: Any) -> Any:
        begun = time.perf_counter()
        found = answers(*given, **more)
        taken.append(time.perf_counter() - begun)
        return found

    LoadedModel.answers = timed  # type: ignore[method-assign]
    sys.argv[1:] = ["predict", book, "--run", Path(run).name, "--file", str(asked), "--out", str(out)]
    sys.argv += ["--backend", backend]
    if code := command():
        raise SystemExit(code)
    return sum(taken)


def one(side: str, made_of: tuple[Path, Path, Path], out: Path) -> dict[str, float]:
    """Seconds of a whole process by the clock and of the processor, and those of its answering."""
    out.unlink(missing_ok=True)
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    parts = [side, *map(str, made_of), str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.answering_speed", *parts],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return {"seconds": time.perf_counter() - begun, "processor_seconds": used, **told}


def equal(outs: list[Path]) -> dict[str, float]:
    """The share of rows with the same label, and the largest difference of their scores."""
    ours, theirs = ([json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] for out in outs)
    pairs = list(zip(ours, theirs, strict=True))
    same = [str(a["label"]) == str(b["label"]) for a, b in pairs]
    return {
        "same_labels": sum(same) / len(same),
        "largest_difference": max(abs(a["score"] - b["score"]) for a, b in pairs),
    }


def measured(case: str, pairs: int, rows: int, folder: Path) -> dict[str, Any]:
    """All sides of a case in turns, once what `auto` measures is kept."""
    made_of, found = made(case, rows, folder), {side: list[dict[str, float]]() for side in SIDES}
    outs = [folder / f"{side}.jsonl" for side in SIDES]
    one("auto", made_of, outs[1])
    for pair in range(pairs):
        for side, out in zip(SIDES, outs, strict=True):
            found[side].append(one(side, made_of, out))
            print(case, pair, side, found[side][-1], flush=True)
    ratios = _ratios(found["tunebook"], found["pipeline"])
    return {
        "what": CASES[case][1],
        "speed_ratio": {"pipeline": ratios["seconds"]},
        "processor_ratio": {"pipeline": ratios["processor_seconds"]},
        "answering_ratio": {"pipeline": ratios["answering"]},
        "equal": equal([outs[0], outs[2]]),
        "auto": {
            "pipeline": _ratios(found["auto"], found["pipeline"]),
            "tunebook": _ratios(found["auto"], found["tunebook"]),
            "equal": equal([outs[1], outs[2]]),
        },
        "runs": found,
    }


def _ratios(ours: list[dict[str, float]], theirs: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """By how much we are quicker, of each figure, pair by pair."""
    pairs = list(zip(ours, theirs, strict=True))
    return {key: ratio([other[key] / own[key] for own, other in pairs]) for key in ours[0]}


def main(claim: str, arguments: list[str]) -> Path:
    """Measure the cases and write the result."""
    options = given(arguments, pairs=3, rows=160)
    cases: dict[str, Any] = {}
    for case in CASES:
        with tempfile.TemporaryDirectory() as place:
            cases[case] = measured(case, options.pairs, options.rows, Path(place))
        result = {"rows": options.rows, "batch_size": BATCH, "max_length": LENGTH, "cases": cases}
        path = write_result(claim, result)  # each case as soon as it is there
    return path


if __name__ == "__main__":
    chosen, where, trained, file, target = sys.argv[1:6]
    if chosen == "pipeline":
        seconds = run_pipeline(str(Path(trained) / "model"), Path(file), Path(target))
    else:
        backend = "auto" if chosen == "auto" else "eager"
        seconds = run_tunebook(where, trained, Path(file), Path(target), backend)
    print(json.dumps({"answering": seconds}))
