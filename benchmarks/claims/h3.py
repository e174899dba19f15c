"""H3: what a model forgets of earlier tasks, and what EWC, SI and replay keep of it.

Three tasks in turn, each run continuing from the one before. In English each task brings classes of its own (sentiment,
kinds of question, intents of a bank), so the head grows; in Chinese all are the sentiment of reviews, of other goods
each time. The first run of a seed is the same for all arms: si=on only watches there. Joint training is replay of
everything. What was learned stands beside what was forgotten: a hold so strong that nothing new is learned forgets
nothing either.

    python -m benchmarks H3 [--seeds 3] [--rows 200] [--epochs 4] [--only zh]
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import tempfile
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.arms import EPOCHS, Claim
from benchmarks.record import DATA, graded
from benchmarks.sets import Rows, book_of, model_of, read_set

INTENTS = ("card_arrival", "exchange_rate", "pin_blocked", "top_up_failed", "lost_or_stolen_card", "request_refund")
GOODS = ("水果", "平板", "酒店")
HELD_OUT = 100  # rows each for validation and test
ARMS: dict[str, dict[str, Any]] = {
    "none": {},
    "ewc": {"ewc": "on", "ewc.rows": 100},
    "si": {"si": "on"},
    "replay": {"replay.size": 100},
    "replay half": {"replay.size": 100, "replay.share": 0.5},
    "joint": {"replay.size": "all"},
}
CLAIMED, LEAST = ("ewc", "si", "replay"), 0.6
FORGETS = 0.05  # where less is forgotten without anything, there is nothing to prevent


def english() -> list[Rows]:
    """Three tasks without a class in common."""
    intents = [row for row in read_set("en_banking77") if row[1] in INTENTS]
    sentiment = [(text, "good" if label == "1" else "bad") for text, label in read_set("en_sst2")]
    questions = [(text, label.partition(":")[0]) for text, label in read_set("en_trec6")]
    return [sentiment, questions, intents]


def chinese() -> list[Rows]:
    """One question, good or bad, about three kinds of goods."""
    with zipfile.ZipFile(DATA / "zh_shopping_10cats" / "online_shopping_10_cats.zip") as packed:
        name = next(item for item in packed.namelist() if item.endswith(".csv"))
        rows = list(csv.DictReader(io.StringIO(packed.read(name).decode("utf-8-sig"))))
    found = []
    for goods in GOODS:
        mine = [(" ".join(row["review"].split()), row["label"]) for row in rows if row["cat"] == goods]
        once = list({text: (text, label) for text, label in mine if text}.values())
        random.Random(0).shuffle(once)
        found.append(once)
    return found


SEQUENCES = {"en": (english, 120), "zh": (chinese, 60)}


def books(name: str, place: Path, rows: int) -> list[Any]:
    """A book of each task of a sequence, its texts cut short."""
    read, length = SEQUENCES[name]
    made = []
    for number, found in enumerate(read()):
        cut = list({text[:length]: (text[:length], label) for text, label in found}.values())
        ends = (0, HELD_OUT, 3 * HELD_OUT, 3 * HELD_OUT + rows)
        parts = {part: cut[ends[n] : ends[n + 1]] for n, part in enumerate(("validation", "test", "train"))}
        made.append(book_of(place / str(number), parts, model_of(f"{name}_")))
    return made


def chain(made: list[Any], rows: dict[str, Any], common: dict[str, Any], seed: int) -> dict[str, Any]:
    """Learn the tasks in turn: what was learned, what is left, what was forgotten."""
    from tunebook.tables.make import child
    from tunebook.verbs.evaluate import evaluate
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.retention import read_retention
    from tunebook.verbs.steps.train import train

    run = None
    for book in made:
        table = child(book.champion, {**common, **(rows if run else {"si": "on"})})
        before = str(run.path) if run else None
        run = train(plan(table, book.data, seed=seed, continue_from=before), track=())
        if run.report is None:
            evaluate(run, with_baselines=False)
    kept = read_retention(run)
    assert kept is not None
    return {"learned": kept.learned, "final": kept.final, "forgetting": kept.forgetting.value}


def measured(name: str, options: argparse.Namespace, arms: dict[str, dict[str, Any]] = ARMS) -> dict[str, Any]:
    """Arm -> its scores by seed, their means, and by how much it lowers what is forgotten."""
    common = {**EPOCHS, "max_epochs": options.epochs}
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="tunebook-") as place:
        made = books(name, Path(place), options.rows)
        for arm, rows in arms.items():
            seeds = [chain(made, rows, common, 1 + k) for k in range(options.seeds)]
            found[arm] = {fact: [seed[fact] for seed in seeds] for fact in seeds[0]}
            print(name, arm, {fact: round(sum(v) / len(v), 3) for fact, v in found[arm].items()}, flush=True)
    return {arm: facts | lowered(facts["forgetting"], found["none"]["forgetting"]) for arm, facts in found.items()}


def lowered(mine: list[float], plain: list[float]) -> dict[str, Any]:
    """Share of the forgetting that an arm prevents, with the interval of the difference over seeds."""
    from tunebook.stats.seeds import over_seeds

    mean = sum(plain) / len(plain)
    if mean < FORGETS:
        return {"prevents": None}
    share = {"prevents": 1 - sum(mine) / sum(plain)}
    if len(mine) < 2:
        return share
    effect = over_seeds([one - other for one, other in zip(plain, mine, strict=True)])
    return {**share, "interval": [effect.lower / mean, effect.upper / mean]}


def judged(sets: dict[str, Any]) -> tuple[str, str]:
    """Met: each of the three prevents 60 % or more in every sequence that is forgotten; partly: one does somewhere."""
    forgotten = [name for name, arms in sets.items() if _mean(arms, "none", "forgetting") >= FORGETS]
    told = [sets[name][arm]["prevents"] >= LEAST for name in forgotten for arm in CLAIMED]
    verdict = graded(bool(told) and all(told), any(told))
    return verdict, "; ".join(_words(name, arms, name in forgotten) for name, arms in sets.items()) + "."


def _words(name: str, arms: dict[str, Any], forgotten: bool) -> str:
    mean = partial(_mean, arms)
    plain = f"forgetting {mean('none', 'forgetting'):.2f}, learned {mean('none', 'learned'):.2f}"
    if not forgotten:
        return f"{name}: without anything {plain}: next to nothing to prevent"
    parts = [
        f"{arm} {100 * arms[arm]['prevents']:.0f} % (learned {mean(arm, 'learned'):.2f}, left {mean(arm, 'final'):.2f})"
        for arm in arms
        if arm != "none"
    ]
    return f"{name}: without anything {plain}; prevented by " + ", ".join(parts)


def _mean(arms: dict[str, Any], arm: str, fact: str) -> float:
    values = arms[arm][fact]
    return float(sum(values) / len(values))


main = Claim(
    says="EWC, SI or replay lower forgetting by 60-80 %.",
    sets=tuple(SEQUENCES),
    measure=measured,
    judge=judged,
    options={"seeds": 3, "rows": 200, "epochs": 4},
).run

__all__ = ["ARMS", "books", "chain", "judged", "lowered", "main", "measured"]
