"""H9: what freezing saves, and what it costs in accuracy.

The book's own table is trained with nothing frozen, with the embeddings and the lower half of the layers frozen, and
with the whole encoder frozen: there only the pooler and the head are trained, at a rate of their own (3e-3: of 1e-3,
3e-3, 1e-2 and 3e-2 the best on two sets with one seed). A head of transformers reads the first token, which nobody has
taught to speak for the whole text; so the usual probe stands beside it, a logistic regression on the mean of the
frozen encoder's tokens, as in the line `frozen encoder + linear` of every report.

    python -m benchmarks H9 [--seeds 3] [--rows 600] [--epochs 5] [--only zh_]
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from benchmarks.arms import CLOCK, EPOCHS, Arm, Claim, gain, in_a_book, times, train_arms
from benchmarks.record import graded
from benchmarks.sets import frozen_features

TIME, LOST = 0.5, 0.05  # "several times faster" is read as twice at least, "a little worse" as five points at most
RATE = 3e-3
FROZEN = ("encoder frozen", "frozen features + linear")


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Arm -> gain over training all, and its time over that of training all."""

    def work(book: Any) -> dict[str, Any]:
        common = {**EPOCHS, "max_epochs": options.epochs}
        tables = {
            "all": common,
            "lower half frozen": {**common, "freeze.layers": layers_of(book) // 2},
            FROZEN[0]: {**common, "freeze.layers": "all", "learning_rate": RATE},
        }
        arms = train_arms(book, tables, seeds=options.seeds)
        arms[FROZEN[1]] = probed(book, options.seeds)
        whole = arms.pop("all")
        return {
            "frozen": {key: gain(whole, arm) for key, arm in arms.items()},
            "time": times(whole, arms),
        }

    return in_a_book(name, options.rows, work)


def layers_of(book: Any) -> int:
    """Layers of the book's base model."""
    from tunebook.models.source import find_model, read_config

    config = read_config(find_model(str(book.champion.rows["base_model"].value)))
    return int(config["num_hidden_layers"])


def probed(book: Any, seeds: int) -> Arm:
    """Logistic regression on frozen features, which has no seed: the same answers as often as there are seeds."""
    from sklearn.linear_model import LogisticRegression

    from tunebook.verbs.abtest.scored import split_exam

    values = book.champion.values()
    model, length = str(values["base_model"]), int(values["max_length"])
    train, held = (split_exam(book.data, split) for split in ("train", "validation"))

    started = time.process_time()
    fit = LogisticRegression(C=10.0, max_iter=1000).fit(frozen_features(model, train.rows.texts, length), train.targets)
    taken = time.process_time() - started
    right = fit.predict(frozen_features(model, held.rows.texts, length)) == held.targets
    return Arm(np.tile(right.astype(float), (seeds, 1)), [{CLOCK: taken}])


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Met: one way to freeze the encoder takes half the time at most and loses five points at most, on every set."""
    held = {
        arm: [found["time"][arm] <= TIME and found["frozen"][arm]["gain"] >= -LOST for found in sets.values()]
        for arm in FROZEN
    }
    fast = all(found["time"][arm] <= TIME for found in sets.values() for arm in FROZEN)
    best = max(held.values(), key=sum)
    verdict = graded(all(best), any(best) or fast)
    told = "; ".join(
        f"{name}, {arm}: {100 * gained['gain']:+.1f} points [{100 * gained['lower']:+.1f}, "
        f"{100 * gained['upper']:+.1f}] in {found['time'][arm]:.2f} of the time"
        for name, found in sets.items()
        for arm, gained in found["frozen"].items()
    )
    return verdict, f"{told}."


main = Claim(
    says="Freezing the encoder is several times faster than full fine-tuning and a little worse.",
    sets=("en_trec6", "en_sst2", "zh_thucnews_titles"),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 600, "epochs": 5},
).run

__all__ = ["FROZEN", "LOST", "TIME", "judged", "layers_of", "main", "measured", "probed"]
