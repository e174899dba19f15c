"""EFFECTS: what each technique that no other claim is about is worth, switched on as a user does it, with its defaults.

Every technique is trained on the same rows with the same seeds as the same table without it, and judged by the gate's
own statistics. Most are tried on two sets. What is made for one kind of labels has a set of that kind: ordered classes,
several labels a row (scored by their ranking, label ranking average precision), classes of very different size. There
a row of a class counts the more, the rarer the class is among the validation rows, so that the mean is the mean recall
of the classes, and the weights that `init` proposes there stand beside the techniques.

    python -m benchmarks EFFECTS [--seeds 3] [--rows 300] [--epochs 4] [--only zh_]
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.arms import EPOCHS, Arm, Claim, gain, passes, times, train_arms
from benchmarks.sets import Rows, book_of, characters_of, model_of, read_set
from benchmarks.tables_matter import HELD_OUT

EACH = (
    "layer_decay", "gradual_unfreezing", "head_rate", "reinit", "ema", "swa", "checkpoint_average", "soup", "r_drop",
    "mixup", "l2_sp", "neftune", "no_decay", "free_lb", "vat",
)  # fmt: skip
OWN: dict[str, tuple[str, ...]] = {
    "en_sst5": ("ordinal_loss",),
    "en_goemotions": ("asymmetric",),
    "en_trec6 unbalanced": ("class_balanced", "focal"),
    "zh_thucnews_titles unbalanced": ("class_balanced", "focal"),
}
SETS_OF = {"en_trec6": EACH, "zh_thucnews_titles": EACH, **OWN}
OPTIONS: dict[str, dict[str, Any]] = {
    "en_sst5": {"problem": "ordinal", "label_order": list("01234")},
    "en_goemotions": {"problem": "multi_label", "label_separator": ","},
}
RAREST = 0.05  # rows of the rarest class of an unbalanced set, over those of its commonest
LOOKS = 3  # what averages checkpoints needs several
SHARE = {"en_goemotions": 5}  # times the rows, for 28 classes learn nothing of 300


def unbalanced(rows: Rows, count: int) -> Rows:
    """About `count` rows; of K classes the k-th commonest has RAREST^(k / (K - 1)) of the rows of the first."""
    names = [name for name, _ in Counter(label for _, label in rows).most_common()]
    sizes = RAREST ** (np.arange(len(names)) / (len(names) - 1))
    left = dict(zip(names, np.ceil(count * sizes / sizes.sum()).astype(int).tolist(), strict=True))
    kept = []
    for text, label in rows:
        if left[label] > 0:
            left[label] -= 1
            kept.append((text, label))
    return kept


def effects_book(name: str, place: Path, rows: int) -> Any:
    """A book of a set: `rows` training rows, 500 validation rows, 100 test rows, texts cut short."""
    source, _, uneven = name.partition(" ")
    width = characters_of(name)
    found = list({text[:width]: (text[:width], label) for text, label in read_set(source)}.values())
    start = HELD_OUT + 100
    rows *= SHARE.get(source, 1)
    train = unbalanced(found[start:], rows) if uneven else found[start : start + rows]
    parts = {"validation": found[:HELD_OUT], "test": found[HELD_OUT:start], "train": train}
    return book_of(place, parts, model_of(name), **OPTIONS.get(source, {}))


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Technique -> its gain, and its time over that without it."""
    with tempfile.TemporaryDirectory(prefix="tunebook-") as folder:
        book = effects_book(name, Path(folder), options.rows)
        common: dict[str, Any] = {**EPOCHS, "max_epochs": passes(name, options.epochs)}
        tables = {"plain": common, **{key: {**common, key: "on"} for key in SETS_OF[name]}}
        if name.endswith("unbalanced"):  # the table that is proposed has weights of classes
            tables = {key: {**rows, "class_weights": "none"} for key, rows in tables.items()}
            tables["class_weights=sqrt"] = common
        arms = train_arms(book, tables, seeds=options.seeds, looks=LOOKS)
        if name.endswith("unbalanced"):
            weights = recall_weights(book)
            arms = {key: Arm(arm.right * weights, arm.outcomes, arm.runs) for key, arm in arms.items()}
    plain = arms.pop("plain")
    return {"on": {key: gain(plain, arm) for key, arm in arms.items()}, "time": times(plain, arms)}


def recall_weights(book: Any) -> Any:
    """Weight of each validation row, mean 1: with them the mean of right answers is the mean recall of the classes."""
    from tunebook.verbs.abtest.scored import split_exam

    targets = np.asarray(split_exam(book.data, "validation").rows.targets)
    _, place, counts = np.unique(targets, return_inverse=True, return_counts=True)
    return (len(targets) / (len(counts) * counts))[place]


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Told, not judged: how many techniques surely gained, surely lost, or did neither."""
    told = [(key, item) for found in sets.values() for key, item in found["on"].items()]
    up = sorted({key for key, item in told if item["lower"] > 0})
    down = sorted({key for key, item in told if item["upper"] < 0})
    even = len(told) - sum(item["lower"] > 0 or item["upper"] < 0 for _, item in told)
    return "told", (
        f"Of {len(told)} cases {even} can't be told from nothing. A sure gain somewhere: {', '.join(up) or 'none'}; a "
        f"sure loss somewhere: {', '.join(down) or 'none'}. Chance alone gives about {0.05 * len(told):.0f} of each."
    )


main = Claim(
    says="A technique that is switched on with its defaults gains accuracy (mean recall of the classes on unbalanced "
    "rows, label ranking precision where a row has several labels).",
    sets=tuple(SETS_OF),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 300, "epochs": 4},
).run

__all__ = ["EACH", "OWN", "SETS_OF", "effects_book", "judged", "main", "measured", "recall_weights", "unbalanced"]
