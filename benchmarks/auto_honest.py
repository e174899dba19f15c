"""AUTO: what `tunebook auto` promotes, and what "the best of N by one run each" would have, against many fresh runs.

Two real sets, each from two starts: a champion that learns too slowly, and one with a rate that is about right. Auto
races six tables and promotes what is proven. The habit takes the table whose first run scored best on the validation
rows. What either is worth is then measured with fresh seeds on rows that neither has seen: the gain over the champion
and its interval. So that all of it takes minutes, the base models are the first layer of the usual ones and runs are
short. A case that is in the result already is not measured again.

    python -m benchmarks AUTO [--steps 40] [--rows 300] [--fresh 5]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.record import RESULTS, given, write_result
from benchmarks.same_table import SETS, first_layer
from benchmarks.sets import book_of, characters_of, model_of, read_set

STARTS = {"slow": {"learning_rate": 1e-4}, "right": {"learning_rate": 1e-3}}
_FIRST = 9001  # fresh seeds, far from those of the race, the gate and the promotion
_HELD, _MINUTES = 1000, 60.0


def measured(name: str, start: str, options: argparse.Namespace) -> dict[str, Any]:
    """One auto, and the truth about its choice and the habit's."""
    import tunebook as tb
    from tunebook.tables.make import child

    with tempfile.TemporaryDirectory(prefix="tunebook-") as place:
        folder, size = Path(place), characters_of(name)
        rows = [(text[:size], label) for text, label in read_set(name)]
        cuts = [0, options.rows, 2 * options.rows, 3 * options.rows, 3 * options.rows + _HELD]
        parts = [rows[first:last] for first, last in pairwise(cuts)]
        model = first_layer(model_of(name), folder / "model")
        book = book_of(folder / "own", dict(zip(("train", "validation", "test"), parts, strict=False)), str(model))
        short = {"max_steps": options.steps, "max_length": 32, "early_stopping_patience": None, **STARTS[start]}
        table = book.tables.add(child(book.champion, short, note="short runs"))
        tb.promote(book, table.version, force=True, reason="the benchmark's own start")
        begun = time.perf_counter()
        found = tb.auto(book, minutes=_MINUTES)
        took = time.perf_counter() - begun
        state = found.state
        chosen = max((item for item in state.candidates if item.scores), key=lambda item: item.scores[0])
        champion = state.champion.table
        truths = Truths(book, parts[3], folder, options.fresh)
        winner = state.finalist
        return {
            "set": name,
            "start": start,
            "ended": state.ended,
            "verdict": state.verdict,
            "auto_gain": truths.gain(champion, winner.table) if found.promoted and winner else None,
            "raced_gain": winner.gain if winner else None,
            "habit": chosen.name,
            "habit_seen": chosen.scores[0] - state.champion.scores[0],
            "habit_gain": truths.gain(champion, chosen.table) if chosen.name != "champion" else None,
            "foretold": state.luck.model_dump() if state.luck else None,
            "baseline": state.best_baseline.model_dump() if state.best_baseline else None,
            "runs": state.runs,
            "seconds": took,
        }


class Truths:
    """Fresh runs of tables, scored on held-out rows; each table is trained once."""

    def __init__(self, book: Any, rows: list[tuple[str, str]], folder: Path, fresh: int) -> None:
        from benchmarks.sets import write_rows
        from tunebook.verbs.abtest.scored import file_exam

        self.book, self.folder, self.seeds = book, folder / "fresh", range(_FIRST, _FIRST + fresh)
        self.exam = file_exam(book.data, write_rows(rows, folder / "held.csv"))
        self.known: dict[str, Any] = {}

    def gain(self, a: Any, b: Any) -> dict[str, float]:
        """Gain of a table over another, with the ends of its 90 % interval."""
        from tunebook.verbs.abtest.looks import gain

        effect = gain(self._marks(a), self._marks(b), "accuracy", 0.05)
        return {"gain": effect.mean, "lower": effect.lower, "upper": effect.upper}

    def _marks(self, table: Any) -> Any:
        from tunebook.verbs.abtest.arms import trained
        from tunebook.verbs.abtest.scored import answers_of, scores_of_arm
        from tunebook.verbs.steps.plan import plan

        if table.values_id not in self.known:
            results = [trained(self.folder, plan(table, self.book.data, seed=seed)) for seed in self.seeds]
            found = [answers_of(result, self.exam) for result in results]
            self.known[table.values_id] = scores_of_arm(self.book.data, self.exam, found)
        return self.known[table.values_id]


def main(claim: str, arguments: list[str]) -> Path:
    """Every set from every start."""
    options = given(arguments, steps=40, rows=300, fresh=5)
    path = RESULTS / f"{claim}.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    found = before["cases"] if before.get("asked") == vars(options) else []
    for start in STARTS:
        for name in SETS:
            if (name, start) not in {(item["set"], item["start"]) for item in found}:
                found.append(measured(name, start, options))
                print(found[-1], flush=True)
                path = write_result(claim, counted(found, options))
    return path


def counted(found: list[dict[str, Any]], options: argparse.Namespace) -> dict[str, Any]:
    """The cases, and how often auto and the habit left the champion for a table that is no better."""
    moved = [item for item in found if item["habit_gain"] is not None]
    return {
        "asked": vars(options),
        "promoted": sum(item["ended"] == "promoted" for item in found),
        "promoted_no_better": sum(bool(item["auto_gain"]) and item["auto_gain"]["gain"] <= 0 for item in found),
        "habit_moved": len(moved),
        "habit_no_better": sum(item["habit_gain"]["gain"] <= 0 for item in moved),
        "cases": found,
    }


__all__ = ["STARTS", "Truths", "counted", "main", "measured"]
