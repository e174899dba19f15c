"""ROLLOUTS: whole rollouts with real answers, from the start to an abort or to all users, looked at every 50 requests.

Models of Chinese hotel reviews (counts of characters and pairs of characters, logistic regression) answer rows that
none of them has seen. What their users are told is what they answer; three requests in ten get a true label, half a
second later. `flipped` was trained on flipped labels, `better` on 12 times as many rows, `equal` is two models of 300
rows each between which a coin decides, request by request, who plays the live one: of equal worth in law, and
different in their answers. `failing` errs in 5 % of its requests, `slow` takes twice as long and is asked once a
second instead of ten times.

    python -m benchmarks ROLLOUTS [--equal 100] [--others 20]
"""

from __future__ import annotations

import csv
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import given, write_result
from benchmarks.sets import packed_text

Answers = Callable[[int, bool, np.random.Generator], dict[str, Any]]
STAGES = {"shares": [5.0, 25.0, 50.0, 100.0], "with shadow": [0.0, 5.0, 25.0, 50.0, 100.0]}
MOST, LOOK, TOLD = 20_000, 50, 0.3


@dataclass
class Columns:
    """A request log that keeps columns, for it is read after every 50 requests."""

    name: str = "columns"
    rows: dict[str, list[Any]] = field(default_factory=dict)
    told: dict[str, dict[str, tuple[float, Any]]] = field(default_factory=dict)

    def add(self, **row: Any) -> None:
        """One record, in the order of time."""
        for name, value in row.items():
            self.rows.setdefault(name, []).append(value)

    def answered(
        self, since: float = 0.0, until: float | None = None, columns: Sequence[str] | None = None, **equal: Any
    ) -> Any:
        """All that there is: one rollout a log, and nothing from the future."""
        import pyarrow as pa

        return pa.table({name: self.rows[name] for name in columns or self.rows})

    def feedback(self, name: str, since: float = 0.0, until: float | None = None) -> Any:
        """As `RequestLog`."""
        import pyarrow as pa

        end = float("inf") if until is None else until
        found = [(request, at, value) for request, (at, value) in self.told.get(name, {}).items() if at < end]
        columns = list(zip(*found, strict=True)) or [(), (), ()]
        kinds = (pa.string(), pa.float64(), pa.string())
        request, at, value = (pa.array(part, kind) for part, kind in zip(columns, kinds, strict=True))
        return pa.table(
            {"request": request, "number": pa.array([0] * len(found), pa.int64()), "at": at, "value": value}
        )


@dataclass(frozen=True)
class Reviews:
    """Rows that nobody was trained on, and what each model answers to them."""

    truth: NDArray[Any]
    answers: dict[str, NDArray[Any]]

    def right(self) -> dict[str, float]:
        """Accuracy of each."""
        return {name: round(float((said == self.truth).mean()), 4) for name, said in self.answers.items()}


@cache
def reviews() -> Reviews:
    """Train the models; they read 3,600 rows at most, and answer the others."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    lines = csv.DictReader(StringIO(packed_text("zh_hotel_htl/ChnSentiCorp_htl_all.csv.gz")))
    rows = [(row["review"], row["label"]) for row in lines]
    order = np.random.default_rng(0).permutation(len(rows))
    texts, labels = (np.array([rows[at][part] for at in order], dtype=object) for part in (0, 1))

    def fitted(part: slice, said: NDArray[Any]) -> NDArray[Any]:
        model = make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(1, 2)), LogisticRegression(C=10))
        found: NDArray[Any] = model.fit(texts[part], said[part].astype(str)).predict(texts[3600:])
        return found

    flipped = np.where(labels == "1", "0", "1").astype(object)
    answers = {
        "champion": fitted(slice(0, 300), labels),
        "other": fitted(slice(300, 600), labels),
        "better": fitted(slice(0, 3600), labels),
        "flipped": fitted(slice(0, 300), flipped),
    }
    return Reviews(labels[3600:].astype(str), answers)


@dataclass(frozen=True)
class Case:
    """A challenger.

    Attributes:
        old, new: whose answers they give; coin: who of the two is the live one is drawn anew for each request.
        fails: share of its requests; slower: than the live one.
        pace: seconds between requests.
    """

    old: str = "champion"
    new: str = "champion"
    coin: bool = False
    fails: float = 0.0
    slower: float = 1.0
    pace: float = 0.1


CASES = {
    "flipped": Case(new="flipped"),
    "equal": Case(new="other", coin=True),
    "better": Case(new="better"),
    "failing": Case(new="other", coin=True, fails=0.05),
    "slow": Case(new="other", coin=True, slower=2.0, pace=1.0),
}


def rolled(book: Any, known: Reviews, case: Case, stages: list[float], seed: int) -> dict[str, Any]:
    """One rollout to its end, or to 20,000 requests."""
    from tunebook.core.operation import Rolling
    from tunebook.rollout.router import HashRouter
    from tunebook.rollout.state import state, write
    from tunebook.rollout.step import act, look

    rules = Rolling(stages=stages, min_requests=200, promotes="machine")
    start = state(book)
    if start.live != "a":
        start = write(book, start, "deploy", {"run": "a"})
    now = write(book, start, "start", {"run": "b", "rules": rules.model_dump(mode="json")})
    rng, log, spent, looks, asked = np.random.default_rng(seed), Columns(), 0.0, 0, 0
    router = HashRouter(now)
    while now.candidate and asked < MOST:
        for _ in range(LOOK):
            asked += 1
            _ask(log, router, known, case, (f"{seed}-{asked}", now.begun + case.pace * asked), rng)
        begun = time.process_time()
        before, found = now, look(book, log, now.begun + case.pace * (asked + 1))  # type: ignore[arg-type]
        now = act(book, found)
        spent, looks = spent + time.process_time() - begun, looks + 1
        if now.entry != before.entry:
            router = HashRouter(now)
    new = int(np.sum(np.array(log.rows["version"]) == "b"))
    against = [item.name for item in found.evidence if not item.ok]
    return {"end": now.event, "stage": before.stage, "share": before.share, "requests": asked, "of_new": new,
            "against": against, "ms_a_look": round(1000 * spent / looks, 1)}  # fmt: skip


def _ask(
    log: Columns, router: Any, known: Reviews, case: Case, who: tuple[str, float], rng: np.random.Generator
) -> None:
    row = int(rng.integers(len(known.truth)))
    turned = case.coin and rng.random() < 0.5
    choice = router.choose(who[0])
    of = {False: case.new if turned else case.old, True: case.old if turned else case.new}
    given_by = [(choice.version, choice.role)] + ([(choice.shadow, "shadow")] if choice.shadow else [])
    for version, role in given_by:
        new = role != "champion"
        failed = new and rng.random() < case.fails
        seconds = float(rng.lognormal(-4, 0.4)) * (case.slower if new else 1)
        log.add(
            request=who[0], number=0, at=who[1], version=version, role=role, stage=choice.stage, unit=choice.unit,
            status=500 if failed else 200, seconds=seconds, waited=0.0,
            label="" if failed else str(known.answers[of[new]][row]),
        )  # fmt: skip
    if rng.random() < TOLD:
        log.told.setdefault("label", {})[who[0]] = (who[1] + 0.5, str(known.truth[row]))


def summed(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """How the rollouts of a case ended, and after how many requests."""
    ends = Counter(run["end"] for run in runs)
    found: dict[str, Any] = {"rollouts": len(runs), "ends": dict(ends)}
    if stopped := [run for run in runs if run["end"] == "abort"]:
        found["stopped_at_share"] = dict(Counter(f"{run['share']:g}" for run in stopped))
        found["stopped_by"] = dict(Counter(name for run in stopped for name in run["against"]))
    for name in ("requests", "of_new"):
        values = [run[name] for run in runs]
        found[name] = {"median": float(np.median(values)), "least": min(values), "most": max(values)}
    found["ms_a_look"] = float(np.median([run["ms_a_look"] for run in runs]))
    return found


def _job(job: tuple[str, str, int]) -> dict[str, Any]:
    from tests.logged import make_book

    stages, name, number = job
    with tempfile.TemporaryDirectory() as folder:
        return rolled(make_book(Path(folder) / "book"), reviews(), CASES[name], STAGES[stages], number)


def main(claim: str, arguments: list[str]) -> Path:
    """Roll out, print what came of it and write the result."""
    options, known = given(arguments, equal=100, others=20, workers=2), reviews()
    print(known.right(), flush=True)
    cells, begun = [], time.perf_counter()
    with ProcessPoolExecutor(options.workers, get_context("fork")) as pool:
        for stages in STAGES:
            for name in CASES:
                count = options.equal if name == "equal" else options.others
                runs = list(pool.map(_job, [(stages, name, number) for number in range(count)]))
                cells.append({"stages": stages, "challenger": name, **summed(runs)})
                print(cells[-1], flush=True)
    result = {"accuracy": known.right(), "rows": len(known.truth), "seconds": round(time.perf_counter() - begun, 1)}
    return write_result(claim, {**result, "told": TOLD, "look_every": LOOK, "cells": cells})


__all__ = ["Case", "Columns", "Reviews", "main", "reviews", "rolled", "summed"]
