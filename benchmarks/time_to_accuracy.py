"""TIME: seconds of training until an accuracy that was set beforehand, against the stock Trainer, over whole trainings.

What P1 and P2 train on, with the same batch size, rate, schedule and number of steps on both sides; one training for
each seed, A B A B ..., each in a process of its own. Every few steps the clock stands still and the same code asks the
model about the same test rows. A training's time is that of the first look which reaches the goal; one that never does
has none, and is told.

    python -m benchmarks TIME --case P1 [--seeds 3] [--steps 240] [--every 20]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from benchmarks.record import RESULTS, ROOT, Cell, given, ratio, write_result
from benchmarks.training_speed import CASES, has_bf16, run_stock, run_tunebook

GOAL = {"P1": 0.82, "P2": 0.82}
_ROWS, _BATCH = 800, 64  # test rows that a look asks about; at once


@dataclass
class Looks(TrainerCallback):  # type: ignore[misc]
    """Accuracy on test rows every few steps, off the clock.

    Attributes:
        tested: rows, each its tokens and its label. seen: step, seconds, processor's seconds and accuracy of each look.
    """

    tested: list[dict[str, Any]]
    every: int
    seen: list[Cell] = field(default_factory=list)
    away: tuple[float, float] = (0.0, 0.0)

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Start both clocks."""
        self.begun = time.perf_counter(), time.process_time()

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **more: Any) -> None:
        """Look, if it is time to."""
        if state.global_step % self.every:
            return
        now = time.perf_counter(), time.process_time()
        seconds, used = (at - begun - away for at, begun, away in zip(now, self.begun, self.away, strict=True))
        right = accuracy(model, self.tested)
        self.seen.append({"step": state.global_step, "seconds": seconds, "processor_seconds": used, "accuracy": right})
        after = time.perf_counter(), time.process_time()
        self.away = (self.away[0] + after[0] - now[0], self.away[1] + after[1] - now[1])


def accuracy(model: Any, tested: list[dict[str, Any]]) -> float:
    """Share of rows that a model answers rightly, in single precision without dropout; its mode is put back."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    rows, was, right = sorted(tested, key=lambda row: len(row["input_ids"])), model.training, 0
    device = next(model.parameters()).device
    model.eval()
    with torch.no_grad():
        for start in range(0, len(rows), _BATCH):
            part = rows[start : start + _BATCH]
            names = [name for name in part[0] if name != "labels"]
            given = {name: pad_sequence([torch.tensor(row[name]) for row in part], True).to(device) for name in names}
            said = model(**given).logits.argmax(-1).tolist()
            right += sum(one == row["labels"] for one, row in zip(said, part, strict=True))
    model.train(was)
    return right / len(rows)


def one(case: str, side: str, seed: int, steps: int, every: int) -> list[Cell]:
    """The looks of one training."""
    made: list[Looks] = []

    def watch(tested: list[dict[str, Any]]) -> Looks:
        made.append(Looks(tested[:: max(1, len(tested) // _ROWS)], every))
        return made[0]

    if side == "tunebook":
        run_tunebook(case, steps, False, seed, watch)
    else:
        run_stock(case, side, steps, False, seed, watch)
    return made[0].seen


def reached(looks: list[Cell], goal: float) -> Cell | None:
    """The first look that reaches the goal."""
    return next((look for look in looks if look["accuracy"] >= goal), None)


def against(ours: list[list[Cell]], theirs: list[list[Cell]], goal: float) -> Cell:
    """How many times sooner, seed for seed, where both reach the goal; and what both come to at the end."""
    pairs = [(reached(a, goal), reached(b, goal)) for a, b in zip(ours, theirs, strict=True)]
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    last = {name: [looks[-1]["accuracy"] for looks in side] for name, side in (("ours", ours), ("theirs", theirs))}
    return {
        "ratio": ratio([b["seconds"] / a["seconds"] for a, b in both]) if both else None,
        "processor_ratio": ratio([b["processor_seconds"] / a["processor_seconds"] for a, b in both]) if both else None,
        "steps": [[a["step"] if a else None, b["step"] if b else None] for a, b in pairs],
        "never": {"ours": sum(a is None for a, _ in pairs), "theirs": sum(b is None for _, b in pairs)},
        "accuracy": {name: statistics.mean(values) for name, values in last.items()},
        "accuracies": last,
        "whole_training": ratio([b[-1]["seconds"] / a[-1]["seconds"] for a, b in zip(ours, theirs, strict=True)]),
    }


def main(claim: str, arguments: list[str]) -> Path:
    """Alternate the sides, seed after seed, and write the result of the case beside that of the others."""
    options = given(arguments, case="P1", seeds=3, steps=240, every=20)
    wanted = ("tunebook", *CASES[options.case]["against"])
    sides = [side for side in wanted if "bf16" not in side or has_bf16()]
    looks: dict[str, list[list[Cell]]] = {side: [] for side in sides}
    for seed in range(options.seeds):
        for side in sides:
            numbers = [str(number) for number in (seed, options.steps, options.every)]
            command = [sys.executable, "-m", "benchmarks.time_to_accuracy", options.case, side, *numbers]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            looks[side].append(json.loads(done.stdout.strip().splitlines()[-1]))
            print(options.case, seed, side, looks[side][-1][-1], flush=True)
    path, goal = RESULTS / f"{claim}.json", GOAL[options.case]
    known = json.loads(path.read_text(encoding="utf-8"))["cases"] if path.is_file() else {}
    known[options.case] = {
        "what": CASES[options.case]["what"], "goal": goal, "options": vars(options),
        "not_run": sorted(set(wanted) - set(sides)),  # sides that this machine cannot run
        "against": {side: against(looks["tunebook"], looks[side], goal) for side in sides[1:]},
        "looks": looks,
    }  # fmt: skip
    compared = [
        {"case": case, "against": side, "ratio": one["ratio"], "accuracy": one["accuracy"]}
        for case, found in known.items()
        for side, one in found["against"].items()
    ]
    return write_result(claim, {"compared": compared, "cases": known})


if __name__ == "__main__":
    name, chosen, *counts = sys.argv[1:6]
    print(json.dumps(one(name, chosen, *map(int, counts))))


__all__ = ["GOAL", "Looks", "accuracy", "against", "main", "one", "reached"]
