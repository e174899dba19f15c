"""INSTRUCTION: what a small language model learns from few instructions, and what it forgets.

Two trials with the weights of stories260k (260,032 parameters, English children's stories):

- `log`: 90 short stories told as entries of a ship's log, written by this script, are asked for by a line of words. The
  perplexity of the true entries falls; that of plain stories, which the base model has written itself (general set),
  rises or does not, and by how much is told.
- `format`: commands to a house in 200 sentences are answered in a made-up format. Test sentences name pairs of room and
  thing that no training row has.

Each with the seeds 0, 1, 2; the test rows of all are the same.

    OMP_NUM_THREADS=1 python -m benchmarks INSTRUCTION [--only format] [--seeds 3]
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.record import DATA, RESULTS, Cell, given, write_result

MODEL = DATA / "model_stories260k" / "hf"
ROWS: dict[str, tuple[int, int, int]] = {"log": (90, 30, 60), "format": (200, 50, 144)}  # train, validation, test
CHANGED: dict[str, dict[str, Any]] = {
    "log": {"max_epochs": 8, "batch_size": 8, "instruction.max_new_tokens": 96},
    "format": {"max_epochs": 80, "batch_size": 16, "learning_rate": 2e-3, "early_stopping_patience": None,
               "instruction.max_new_tokens": 48},
}  # fmt: skip
_SHIP = ["cat", "goat", "cook", "boy", "captain", "girl", "old sailor", "dog"]
_DID = ["found a hole in the sail", "lost the big spoon", "saw a whale", "slept on the rope", "sang to the moon",
        "ate all the bread", "fixed the bell", "fell into the sea and came back wet"]  # fmt: skip
_WIND = ["north", "south", "east", "west"]
_SKY = ["rain", "sun", "fog", "snow", "stars"]
_ROOMS = ["kitchen", "bedroom", "garden", "hall", "bath", "attic", "garage", "porch"]
_THINGS = ["light", "fan", "radio", "heater", "door", "window", "bell", "pump"]
_VERBS = [("turn on", "1"), ("start", "1"), ("open", "1"), ("turn off", "0"), ("stop", "0"), ("close", "0")]
_WAYS = ["{verb} the {thing} in the {room}", "in the {room} {verb} the {thing}", "please {verb} the {room} {thing}"]


def log_rows(count: int) -> list[Cell]:
    """Entries of a ship's log, each asked for by what is in it; none comes twice."""
    draw, found = random.Random(0), {}
    while len(found) < count:
        who, other = draw.sample(_SHIP, 2)
        did, also, wind, sky = *draw.sample(_DID, 2), draw.choice(_WIND), draw.choice(_SKY)
        day = draw.randint(2, 99)
        asked = f"Log of day {day}: {who}, {other}, {sky}"
        end = draw.choice(["All is well.", "No land yet.", "We sail on."])
        told = f"The {who} {did}. Noted. The {other} {also}. Noted."
        found[asked] = f"Day {day}. Wind from the {wind}, {sky}. {told} {end} End of day {day}."
    return [{"prompt": asked, "completion": answer} for asked, answer in found.items()]


def format_rows(train: int, others: int) -> tuple[list[Cell], list[Cell]]:
    """Commands with their answers; the second part names pairs of room and thing that the first has not."""
    draw = random.Random(0)
    pairs = list(product(_ROOMS, _THINGS))
    draw.shuffle(pairs)
    parts = pairs[:56], pairs[56:]

    def rows(some: list[tuple[str, str]], count: int) -> list[Cell]:
        every = [(way, verb, pair) for way, verb, pair in product(_WAYS, _VERBS, some)]
        chosen = draw.sample(every, count)
        return [
            {
                "prompt": way.format(verb=verb[0], room=room, thing=thing),
                "completion": f"<{room[:3]}:{thing[:3]}={verb[1]}>",
            }
            for way, verb, (room, thing) in chosen
        ]

    return rows(parts[0], train), rows(parts[1], others)


def split_rows(name: str) -> dict[str, list[Cell]]:
    """The rows of a trial by their split."""
    train, validation, test = ROWS[name]
    if name == "log":
        rows = log_rows(train + validation + test)
        return {"train": rows[:train], "validation": rows[train : train + validation], "test": rows[-test:]}
    known, unknown = format_rows(train + validation, test)
    return {"train": known[:train], "validation": known[train:], "test": unknown}


def plain_stories(count: int = 60) -> str:
    """Stories that the base model writes itself, one a line."""
    from transformers import AutoModelForCausalLM

    from tunebook.models.source import load_tokenizer
    from tunebook.nets.generate import Generation, generate

    tokenizer, model = load_tokenizer(MODEL), AutoModelForCausalLM.from_pretrained(str(MODEL))
    how = Generation(max_new_tokens=200, temperature=0.9, seed=1)
    starts = [tokenizer(f"{begin} a")["input_ids"] for begin in ("Once upon a time there was", "One day")]
    made = generate(model, [starts[number % 2] for number in range(count)], tokenizer=tokenizer, how=how)
    begun = [tokenizer.decode(starts[number % 2], skip_special_tokens=True) for number in range(count)]
    return "\n".join(" ".join((begin + one.text).split()) for begin, one in zip(begun, made, strict=True)) + "\n"


def measured(name: str, seeds: int) -> Cell:
    """Train with each seed, score on the test rows and on the plain stories."""
    import tunebook as tb
    from tunebook.data.options import DataOptions
    from tunebook.tables.make import child

    with tempfile.TemporaryDirectory(prefix="tunebook-") as scratch:
        place = Path(scratch)
        files = {part: place / f"{part}.jsonl" for part in ("train", "validation", "test")}
        for part, rows in split_rows(name).items():
            files[part].write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        stories = place / "stories.txt"
        stories.write_text(plain_stories(), encoding="utf-8")
        book = tb.init(place / "book", dict(files), model=MODEL, options=DataOptions(task="instruction"))
        table = child(book.champion, CHANGED[name])
        runs = [_run(tb, table, book, seed, stories) for seed in range(seeds)]
        return {"rows": book.data.rows, "table": CHANGED[name], "runs": runs}


def _run(tb: Any, table: Any, book: Any, seed: int, stories: Path) -> Cell:
    from tunebook.verbs.steps.general import read_general

    begun = time.process_time()
    run = tb.train(tb.plan(table, book.data, seed=seed), track=())
    seconds = time.process_time() - begun
    report = tb.evaluate(run, general=[stories])
    (plain,) = read_general(run)
    kept = ("perplexity", "bits_per_character", "exact_match", "f1", "chrf", "rouge_l/words", "stopped")
    return {
        "seed": seed,
        "seconds": round(seconds, 1),
        "steps": run.outcome["steps"],
        "tuned": {name: report.metrics[name] for name in kept},
        "exact_match": [report.intervals["exact_match"].low, report.intervals["exact_match"].high],
        "base": {name: report.baselines["base"][name] for name in kept},
        "plain": {side: [one.value, one.low, one.high] for side, one in _sides(plain)},
    }


def _sides(found: Any) -> Iterator[tuple[str, Any]]:
    yield from (("base", found.base), ("tuned", found.tuned), ("change", found.gain))


def main(claim: str, arguments: list[str]) -> Path:
    """Measure the trials that are missing."""
    options, path = given(arguments, only="", seeds=3), RESULTS / f"{claim}.json"
    done: Cell = json.loads(path.read_text(encoding="utf-8"))["trials"] if path.is_file() else {}
    for name in ROWS:
        if options.only in name and name not in done:
            done[name] = measured(name, options.seeds)
            write_result(claim, {"model": "model_stories260k", "trials": done})
    return path


__all__ = ["ROWS", "format_rows", "log_rows", "main", "measured", "plain_stories", "split_rows"]
