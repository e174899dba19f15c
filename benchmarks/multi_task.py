"""What a related book beside the own one is worth where labels are few, with each way to balance the losses.

English: opinions on software (two classes) beside sentences of film reviews (SST-2, two classes). Chinese: hotel
reviews (two classes) beside titles of news (other classes, little in common), so that a case where it should not help
is in the result as well.

    python -m benchmarks MULTI_TASK [--seeds 3] [--rows 200] [--other 600] [--epochs 4] [--only zh_]
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.arms import EPOCHS, Claim, gain, in_a_book, times, train_arms
from benchmarks.record import graded
from benchmarks.sets import characters_of
from benchmarks.tables_matter import make_book

OTHERS = {"en_fdu_reviews": "en_sst2", "zh_hotel_htl": "zh_thucnews_titles"}
BALANCES = ("fixed", "uncertainty", "pcgrad")


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Gain of each balance over the book alone."""

    def work(book: Any) -> dict[str, Any]:
        other = OTHERS[name]
        make_book(other, book.path.parent / "beside", options.other, characters_of(name))
        common = {**EPOCHS, "max_epochs": options.epochs}
        beside = {"multi_task.books": "../beside/book"}
        tables = {how: {**common, **beside, "multi_task.balance": how} for how in BALANCES}
        arms = train_arms(book, {"alone": common, **tables}, seeds=options.seeds)
        alone = arms.pop("alone")
        gains = {how: gain(alone, arm) for how, arm in arms.items()}
        return {"other": other, "gains": gains, "times": times(alone, arms)}

    return in_a_book(name, options.rows, work)


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Met: plain mixing is surely better everywhere; partly: somewhere, and surely worse nowhere."""
    gains = {name: found["gains"]["fixed"] for name, found in sets.items()}
    better = sum(found["lower"] > 0 for found in gains.values())
    worse = sum(found["upper"] < 0 for found in gains.values())
    verdict = graded(better == len(sets), better and not worse)
    told = "; ".join(
        f"{name} beside {found['other']}: "
        + ", ".join(
            f"{how} {100 * item['gain']:+.1f} [{100 * item['lower']:+.1f}, {100 * item['upper']:+.1f}] in "
            f"{found['times'][how]:.1f} of the time"
            for how, item in found["gains"].items()
        )
        for name, found in sets.items()
    )
    return verdict, f"{told}."


main = Claim(
    says="Learning a related book beside the own one is worth accuracy where labels are few.",
    sets=("en_fdu_reviews", "zh_hotel_htl"),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 200, "other": 600, "epochs": 4},
).run

__all__ = ["BALANCES", "OTHERS", "judged", "main", "measured"]
