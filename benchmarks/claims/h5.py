"""H5: what label smoothing is worth where training labels are wrong, and what else is.

A share of the training rows gets another label, drawn at random; the validation rows keep theirs. At each share the
same table is trained plainly, with label_smoothing=0.1, with the focal loss, with the rows weighed by what a short run
of a frozen encoder says of them, without the rows that confident learning suspects, and with their labels corrected.
The claim is on smoothing; the others stand beside it.

    python -m benchmarks H5 [--seeds 3] [--rows 300] [--epochs 6] [--only zh_]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any, Literal

from benchmarks.arms import EPOCHS, Claim, gain, train_arms
from benchmarks.noise import noisy_book
from benchmarks.record import graded

SHARES = (10, 20, 40)  # per cent of wrong labels
SHORT = {"freeze": "on", "max_epochs": 2}  # it cannot have learnt wrong labels by heart
TABLES: dict[str, dict[str, Any]] = {"smoothing": {"label_smoothing": 0.1}, "focal": {"focal": "on"}}
TREATED: tuple[Literal["dropped", "corrected"], ...] = ("dropped", "corrected")
MEANS = (*TABLES, "weights", *TREATED)


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Share of wrong labels -> gain of each means over the plain table."""
    found = {}
    common = {**EPOCHS, "max_epochs": options.epochs}
    for share in SHARES:
        with tempfile.TemporaryDirectory(prefix="tunebook-") as place:
            book, _ = noisy_book(name, Path(place) / "left", options.rows, share / 100)
            short = train_arms(book, {"short": {**common, **SHORT}}, seeds=1)["short"].runs[0]
            own = {**TABLES, "weights": {"sample_weights.run": short.id}}
            tables = {"plain": common, **{key: {**common, **rows} for key, rows in own.items()}}
            arms = train_arms(book, tables, seeds=options.seeds)
            for treated in TREATED:
                book, facts = noisy_book(name, Path(place) / treated, options.rows, share / 100, treated)
                arms |= train_arms(book, {treated: common}, seeds=options.seeds)
        found[f"{share}%"] = {**{key: gain(arms["plain"], arms[key]) for key in MEANS}, "suspects": facts}
    return found


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Met: smoothing gains 2 points or more at every share of wrong labels; partly: it surely gains somewhere."""
    noisy = [found for shares in sets.values() for found in shares.values()]
    told = [found["smoothing"] for found in noisy]
    enough = sum(item["gain"] >= 0.02 and item["lower"] > 0 for item in told)
    sure = sum(item["lower"] > 0 for item in told)
    verdict = graded(enough == len(told), sure)
    mean = {key: 100 * sum(found[key]["gain"] for found in noisy) / len(noisy) for key in MEANS}
    return verdict, (
        f"In {enough} of {len(told)} cases with 10 to 40 % wrong labels smoothing surely gained 2 points or more, in "
        f"{sure} it surely gained at all; on average it gave {mean['smoothing']:+.1f} points, the focal loss "
        f"{mean['focal']:+.1f}, weights by a short run {mean['weights']:+.1f}, dropping suspects "
        f"{mean['dropped']:+.1f}, correcting them {mean['corrected']:+.1f}."
    )


main = Claim(
    says="Label smoothing gives +2-5 % under noisy labels.",
    sets=("en_trec6", "zh_thucnews_titles"),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 300, "epochs": 6},
).run

__all__ = ["MEANS", "SHARES", "SHORT", "TABLES", "TREATED", "judged", "main", "measured"]
