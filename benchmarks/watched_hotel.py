"""WATCH: how often drift is told where there is none, and how soon where there is.

A small Chinese BERT learns 2,200 hotel reviews. Production are hotel reviews that the book has not (4,700), then
reviews of things from shops. Each run draws anew which of the validation and production rows are which, so that without
drift the two are exchangeable in truth.

quiet: 20 years of 52 looks at 250 rows, a week apart. changed: a request a minute; after 500 to 749 reviews of hotels
so large a share of the requests comes from shops, with their labels; told is how many requests later each signal is
raised (the window in which the change falls ends with the first look after it).

    OMP_NUM_THREADS=1 python -m benchmarks WATCH [--keep FOLDER] [--years 20] [--runs 6]
"""

from __future__ import annotations

import csv
import io
import json
import statistics
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from benchmarks.record import DATA, RESULTS, given, write_result
from benchmarks.sets import Rows, book_of, model_of, read_set

SET, TRAIN, VALID, TEST = "zh_hotel_htl", 2200, 600, 200
WINDOW, LOOKS, SHARES, LONGEST = 250, 52, (1.0, 0.5, 0.2), 10
WEEK, MINUTE = 7 * 86_400.0, 60.0
Cell = dict[str, Any]


def shops(count: int) -> Rows:
    """Reviews of what is no hotel, each once, in an order drawn with the seed 0."""
    with ZipFile(DATA / "zh_shopping_10cats" / "online_shopping_10_cats.zip") as packed:
        text = packed.read(packed.namelist()[0]).decode("utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["cat"] != "酒店" and row["review"].strip()]
    once = list({row["review"]: (" ".join(row["review"].split()), row["label"]) for row in rows}.values())
    return [once[place] for place in np.random.default_rng(0).permutation(len(once))[:count]]


@dataclass(frozen=True)
class Pools:
    """Rows as the watch sees them: of training, validation and production, and of another source."""

    train: Any
    valid: Any
    same: Any
    other: Any

    def drawn(self, seed: int) -> tuple[Any, Any]:
        """A reference, and what production has, both drawn from validation and production rows."""
        from tunebook.watch.reference import Reference
        from tunebook.watch.rows import joined

        both = joined([self.valid, self.same])
        order = np.random.default_rng(seed).permutation(len(both))
        valid, same = both.take(order[: len(self.valid)]), both.take(order[len(self.valid) :])
        return Reference(joined([self.train, valid]), valid), same


def pools(folder: Path) -> Pools:
    """The rows, answered by a model that is trained where it is not there yet."""
    from tunebook.tables.make import child
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.train import train
    from tunebook.watch.reference import reference
    from tunebook.watch.rows import Watched

    rows, end = read_set(SET), TRAIN + VALID + TEST
    if not (folder / "book" / "book.toml").is_file():
        parts = {"train": rows[:TRAIN], "validation": rows[TRAIN : TRAIN + VALID], "test": rows[TRAIN + VALID : end]}
        book_of(folder, parts, model_of(SET))
    book = open_book(folder / "book")
    if not [run for run in book.runs if run.finished]:
        table = child(book.champion, {"max_length": 64, "max_epochs": 2, "learning_rate": 1e-4})
        train(plan(table, book.data), book.path / "runs", track=())
    run = book.run()
    old = reference(run)
    found = {}
    for name, texts in (("same", rows[end:]), ("other", shops(4000))):
        at = folder / f"{name}.npz"
        if not at.is_file():
            _answered(run, texts).save(at)
        found[name] = Watched.load(at)
    is_train = np.array([str(item).startswith("train:") for item in old.inputs.ids])
    return Pools(old.inputs.take(is_train), old.answered, found["same"], found["other"])


def _answered(run: Any, rows: Rows) -> Any:
    from tunebook.core.registry import task_of
    from tunebook.data.frozen import prepared_data
    from tunebook.engine.load import load_to_answer
    from tunebook.verbs.asked import text_rows
    from tunebook.watch.reference import labelled, read_rows

    plan = run.plan
    asked = text_rows([text for text, _ in rows], None, prepared_data(plan))
    logits = load_to_answer(run.model, plan).logits(asked)
    label, score = labelled(task_of(plan.task)().say(logits, asked, plan.labels))
    truth = np.array([label for _, label in rows], dtype=np.dtypes.StringDType())
    return replace(read_rows(run, asked), label=label, score=score, truth=truth)


def quiet(asked: Pools, seed: int) -> Cell:
    """A year without drift: looks that raised an alarm, and how often a p-value was .05 or less, by signal."""
    from tunebook.watch.course import Course
    from tunebook.watch.looks import Asked, take_looks, take_mistakes

    old, same = asked.drawn(seed)
    rng, course, how = np.random.default_rng(seed), Course(), Asked("run", WINDOW, 0.05, kept=True)
    small: Counter[str] = Counter()
    held, alarms = 0, []
    for week in range(LOOKS):
        window = same.take(np.sort(rng.choice(len(same), WINDOW, replace=False)))
        window = replace(window, at=1e9 + week * WEEK + np.arange(WINDOW) * MINUTE)
        taken = take_looks(course, old, window, None, how)
        course, late, _ = take_mistakes(taken.course, old, window, how)
        look: Any = taken.looks[0][0]
        small.update(signal.name for signal in look.signals if signal.p_value <= 0.05)
        alarms += [alarm.signal.name for alarm in (*taken.alarms, *late)]
        held += look.estimated.low <= look.measured.value <= look.estimated.high
    return {"seed": seed, "looks": LOOKS, "alarms": alarms, "p_below_5": dict(small), "estimate_held": held}


def changed(asked: Pools, seed: int, share: float) -> Cell:
    """How many requests after a change each signal is raised, and what is said of right answers then."""
    from tunebook.watch.course import Course
    from tunebook.watch.looks import Asked, take_looks, take_mistakes
    from tunebook.watch.rows import joined

    old, same = asked.drawn(seed)
    rng = np.random.default_rng(1000 + seed)
    before, count = 500 + int(rng.integers(WINDOW)), WINDOW * LONGEST
    new = (np.arange(count) >= before) & (rng.random(count) < share)
    first, second = same.take(rng.permutation(len(same))), asked.other.take(rng.permutation(len(asked.other)))
    both = joined([first.take(slice(0, int((~new).sum()))), second.take(slice(0, int(new.sum())))])
    stream = both.take(np.argsort(np.argsort(new, kind="stable"), kind="stable"))  # the n-th of each where it belongs
    stream = replace(stream, at=1e9 + np.arange(count) * MINUTE)
    course, how = Course(), Asked("run", WINDOW, 0.05, kept=True)
    told: dict[str, int] = {}
    early: list[str] = []
    looks: list[Any] = []
    for start in range(0, count, WINDOW):
        window = stream.take(slice(start, start + WINDOW))
        taken = take_looks(course, old, window, None, how)
        course, late, _ = take_mistakes(taken.course, old, window, how)
        looks.append(taken.looks[0][0])
        for alarm in (*taken.alarms, *late):
            after = start + WINDOW - before
            if after > 0:
                told[alarm.signal.name] = after
            else:
                early.append(alarm.signal.name)
    last = looks[-4:]
    said = {name: statistics.fmean(getattr(look, name).value for look in last) for name in ("estimated", "measured")}
    held = sum(look.estimated.low <= look.measured.value <= look.estimated.high for look in last)
    proven = looks[0].proven
    return {"seed": seed, "share": share, "told": told, "early": early, "proven": proven, "held_of_4": held, **said}


def summary(years: list[Cell], runs: list[Cell]) -> Cell:
    """Years with a false alarm, and of each share and signal the requests until it was told."""
    looks = sum(year["looks"] for year in years)
    names = sorted({name for year in years for name in year["p_below_5"]})
    found: Cell = {
        "years": len(years),
        "years_with_an_alarm": sum(bool(year["alarms"]) for year in years),
        "looks": looks,
        "p_below_5": {name: sum(year["p_below_5"].get(name, 0) for year in years) / looks for name in names},
        "estimate_held": sum(year["estimate_held"] for year in years) / max(looks, 1),
        "told": {},
    }
    for share in SHARES:
        some = [run for run in runs if run["share"] == share]
        signals = sorted({name for run in some for name in run["told"]})
        part: Cell = {"runs": len(some), "early": sum(bool(run["early"]) for run in some)}
        firsts = [min(run["told"].values()) for run in some if run["told"]]
        part["any"] = _spread(firsts, len(some))
        part |= {
            name: _spread([run["told"][name] for run in some if name in run["told"]], len(some)) for name in signals
        }
        for name in ("proven", "estimated", "measured"):
            part[name] = statistics.fmean(run[name] for run in some) if some else None
        part["estimate_held_of_4"] = [run["held_of_4"] for run in some]
        found["told"][str(share)] = part
    return found


def _spread(values: list[int], runs: int) -> Cell:
    if not values:
        return {"told": 0, "of": runs}
    return {"told": len(values), "of": runs, "median": statistics.median(values), "max": max(values)}


def main(claim: str, arguments: list[str]) -> str:
    """Measure what is missing, write the result down after each run, and say it in a line."""
    options = given(arguments, keep="", years=20, runs=6)
    path = RESULTS / f"{claim}.json"
    known: Cell = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"quiet": [], "changed": []}
    years, runs = known["quiet"], known["changed"]
    done = {(run["seed"], run["share"]) for run in runs}
    with tempfile.TemporaryDirectory() as place:
        asked = pools(Path(options.keep or place))
        for seed in range(max(options.years, options.runs)):
            for share in SHARES:
                if seed < options.runs and (seed, share) not in done:
                    runs.append(changed(asked, seed, share))
                    print(runs[-1], flush=True)
            if seed < options.years and seed not in {year["seed"] for year in years}:
                years.append(quiet(asked, seed))
                print(years[-1], flush=True)
            write_result(claim, {"what": __doc__, "summary": summary(years, runs), "quiet": years, "changed": runs})
    found = summary(years, runs)
    return f"{found['years_with_an_alarm']} of {found['years']} years with a false alarm; {found['told']['1.0']['any']}"


__all__ = ["main"]
