"""H6: whether FGM and PGD make a model surer on mistyped texts.

The same table is trained plainly, with FGM and with PGD on clean texts; each model then answers the validation rows as
they are, with faults in 10 and in 30 % of the words (of Chinese: in 5 and 15 % of the characters). The claim is judged
by what `fgm=on` and `pgd=on` give; other sizes of the shift stand beside them.

    python -m benchmarks H6 [--seeds 3] [--rows 300] [--epochs 4] [--only zh_]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.arms import EPOCHS, Arm, Claim, gain, in_a_book, scored, times, train_arms
from benchmarks.noise import all_mistyped
from benchmarks.record import graded

SHARES = {"en": (0.1, 0.3), "zh": (0.05, 0.15)}
METHODS = ("fgm", "pgd")
TABLES: dict[str, dict[str, Any]] = {
    "fgm": {"fgm": "on"},
    "fgm 0.3": {"fgm.epsilon": 0.3},
    "pgd": {"pgd": "on"},
    "pgd 0.3": {"pgd.epsilon": 0.3, "pgd.rate": 0.12},
}


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Kind of texts -> gain of each method over the plain table on them."""

    def work(book: Any) -> dict[str, Any]:
        from tunebook.verbs.abtest.scored import split_exam

        common = {**EPOCHS, "max_epochs": options.epochs}
        tables = {"plain": common, **{key: {**common, **rows} for key, rows in TABLES.items()}}
        arms = train_arms(book, tables, seeds=options.seeds)
        rows = split_exam(book.data, "validation").rows
        found = {"clean": {key: gain(arms["plain"], arms[key]) for key in TABLES}}
        for share in SHARES[name[:2]]:
            worse = replace(rows, texts=all_mistyped(rows.texts, share))
            seen = {key: Arm(np.stack([scored(run, worse) for run in arm.runs])) for key, arm in arms.items()}
            found[f"{round(100 * share)}% mistyped"] = {key: gain(seen["plain"], seen[key]) for key in TABLES}
        return {"texts": found, "time": times(arms["plain"], arms)}

    return in_a_book(name, options.rows, work)


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Met: each method surely gains on every kind of mistyped text; partly: one of them somewhere."""
    told = {
        (name, kind, key): found[key]
        for name, result in sets.items()
        for kind, found in result["texts"].items()
        if kind != "clean"
        for key in METHODS
    }
    sure = sum(item["lower"] > 0 for item in told.values())
    verdict = graded(sure == len(told), sure)
    mean = {
        (kind, key): float(
            np.mean(
                [
                    found[key]["gain"]
                    for result in sets.values()
                    for text, found in result["texts"].items()
                    if (text == "clean") == (kind == "clean")
                ]
            )
        )
        for kind in ("clean", "mistyped")
        for key in METHODS
    }
    said = ", ".join(f"{key.upper()} {100 * value:+.1f} points on {kind} texts" for (kind, key), value in mean.items())
    return verdict, f"A sure gain on mistyped texts in {sure} of {len(told)} cases; on average {said}."


main = Claim(
    says="FGM and PGD raise accuracy under perturbation.",
    sets=("en_trec6", "zh_thucnews_titles"),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 300, "epochs": 4},
).run

__all__ = ["METHODS", "SHARES", "TABLES", "judged", "main", "measured"]
