"""PAGE_SPEED: what pages of a book of 20,000 rows and 200 runs cost the server, beside a bare page of the same frame.

The application is asked in this process, through its door, as a browser would ask it: a page and a bare one (the frame
that all pages have, with nothing in it) take turns, and each figure is the median of these pairs. The first pair warms
up: it fills the cache of the book, and its time is kept apart. The book has three annotators a row, 100 tables, 2,000
entries in its log, errors that were diagnosed and a rating study of 500 items, half of them rated; its runs are one
training and copies of its folder.

    python -m benchmarks PAGE_SPEED [--pairs 9] [--rows 20000] [--runs 200]
"""

from __future__ import annotations

import csv
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.record import given, write_result

TABLES, ENTRIES, ITEMS = 100, 2000, 500
MOST_RATIO, MOST_SECONDS = 20.0, 1.0
BARE = "/bare"
# Name -> address of each page; `{book}`, `{run}`, `{study}` and `{id}` (of a row) are filled in.
PAGES = {
    "home": "/",
    "new book": "/new",
    "overview": "/book/{book}/overview",
    "data": "/book/{book}/data",
    "rows": "/book/{book}/data/rows",
    "rows of a split": "/book/{book}/data/rows?split=train&page=100",
    "rows of a label": "/book/{book}/data/rows?label=good",
    "rows with a text": "/book/{book}/data/rows?q=the",
    "rows by id": "/book/{book}/data/rows?ids={id}",
    "rows in dispute": "/book/{book}/data/rows?disagreed=1",
    "tables": "/book/{book}/tables",
    "table": "/book/{book}/tables/2",
    "two tables": "/book/{book}/tables/diff?old=1&new=2",
    "change a table": "/book/{book}/tables/2/change",
    "runs": "/book/{book}/train",
    "runs, last page": "/book/{book}/train?page=4",
    "new run": "/book/{book}/train/new",
    "new run, planned": "/book/{book}/train/new?table=v2&look=1",
    "run": "/book/{book}/train/{run}",
    "tests": "/book/{book}/ab",
    "new test": "/book/{book}/ab/new",
    "promote": "/book/{book}/promote/2",
    "roll back": "/book/{book}/rollback",
    "errors": "/book/{book}/errors",
    "explain": "/book/{book}/explain",
    "rate": "/book/{book}/rate",
    "rating study": "/book/{book}/rate/{study}",
    "item to rate": "/book/{book}/rate/{study}/next?rater=ann",
    "log": "/book/{book}/log",
    "log with a text": "/book/{book}/log?q=measured",
    "log, whole chain": "/book/{book}/log/chain",
    "rollout": "/book/{book}/rollout",
    "drift": "/book/{book}/drift",
    "work": "/book/{book}/work",
}


def make(folder: Path, rows: int, runs: int) -> dict[str, str]:
    """The book; what the placeholders of PAGES stand for."""
    from tests import small

    from tunebook.data.load import kept_table
    from tunebook.data.options import DataOptions
    from tunebook.tables.make import child
    from tunebook.verbs.errors import errors
    from tunebook.verbs.evaluate import evaluate
    from tunebook.verbs.init import init
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.train import train

    people = ["ann", "bob", "cem"]
    base, options = small.base_model(folder / "base"), DataOptions(text="text", label="label", annotators=people)
    file = _rows(folder / "rows.csv", rows, people, small.texts(rows))
    book = init(folder / "book", file, model=str(base), options=options, owner="Ada")
    second = book.tables.add(child(book.champion, {"max_steps": 4, "max_length": 16, "precision": "fp32"}, "quick"))
    run = train(plan(second, book.data), book.path / "runs", track=())
    evaluate(run, with_baselines=False)
    errors(run)
    for number in range(runs - 1):
        shutil.copytree(run.path, book.path / "runs" / f"20260101-{number:06d}-{run.plan.id}-{number + 2}")
    for number in range(TABLES - 2):
        book.tables.add(child(second, {"learning_rate": 1e-5 * (1 + number)}, "another rate"))
    figures = {"a": 1, "gain": 0.01, "lower": -0.01, "upper": 0.03, "verdict": "INCONCLUSIVE", "metric": "accuracy"}
    for number in range(ENTRIES - len(book.log.entries())):
        evidence = {**figures, "test": f"t{number}", "b": 2 + number % 98, "seeds": 5}
        book.log.append("test", actor="Ada", reason=f"measured {number}", table=evidence["b"], evidence=evidence)
    names = {"book": "book", "run": run.id, "study": _study(book.path)}
    return {**names, "id": str(kept_table(book.data)["_id"][0].as_py())}


def _rows(path: Path, rows: int, people: list[str], texts: list[tuple[str, str]]) -> Path:
    """A CSV file of texts on which three people mostly agree."""
    draw, names = random.Random(1), sorted({label for _, label in texts})
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["text", "label", *people])
        for text, label in texts[:rows]:
            out.writerow([text, label, label, label, draw.choice(names) if draw.random() < 0.2 else label])
    return path


def _study(book: Path) -> str:
    """A study of drawn items of which one rater has rated half."""
    from tests import rated

    session = rated.make_session(book, rated.make_study(rows=ITEMS))
    for shown in rated.assigned(session.study, "ann")[: ITEMS // 2]:
        session.give("ann", shown.item.key, {"overall": "1"})
    return session.study.id


@contextmanager
def _bare() -> Iterator[None]:
    """One page more: the frame of all pages with nothing in it."""
    from fastapi import APIRouter
    from starlette.responses import Response

    from tunebook.web import app
    from tunebook.web.asked import Given
    from tunebook.web.page import Page, pages

    router = APIRouter()

    def nothing(asked: Given) -> Response:
        return asked.page("base.html.j2")

    nothing.__annotations__["asked"] = Given  # FastAPI looks names up in the module, where this one is not
    router.get(BARE, response_model=None)(nothing)
    with patch.object(app, "pages", lambda: (*pages(), Page(router))):
        yield


def _seconds(ask: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    answer = ask()
    return time.process_time() - start, answer


def measure(book: Path, names: dict[str, str], pairs: int) -> dict[str, Any]:
    """Milliseconds of each page and of the bare one that took turns with it, and how many times as long it took."""
    from tests.web.visitor import Visitor

    with _bare():
        visitor = Visitor(book)
    found = {}
    for name, pattern in PAGES.items():
        path = pattern.format(**names)
        cold, answer = _seconds(lambda path=path: visitor.get(path))  # type: ignore[misc]
        if answer.status_code != 200:
            raise SystemExit(f"{name}: {path} answers {answer.status_code}")
        turns = []
        for _ in range(pairs):
            bare, _empty = _seconds(lambda: visitor.get(BARE))
            turns.append((_seconds(lambda path=path: visitor.get(path))[0], bare))  # type: ignore[misc]
        own, bare = (statistics.median(turn[side] for turn in turns) for side in (0, 1))
        ratio = statistics.median(page / beside for page, beside in turns)
        found[name] = {
            "ms": round(1000 * own, 1), "bare_ms": round(1000 * bare, 1), "ratio": round(ratio, 1),
            "first_ms": round(1000 * cold, 1), "bytes": len(answer.content),
        }  # fmt: skip
        print(name, found[name], flush=True)
    return found


def main(claim: str, arguments: list[str]) -> str:
    """Measure, write the result down and say which pages are slower than wanted."""
    options = given(arguments, pairs=9, rows=20000, runs=200, keep="")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(options.keep or made)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["TUNEBOOK_HOME"] = str(folder / "home")
        names = make(folder, options.rows, options.runs)
        found = measure(folder / "book", names, options.pairs)
    slow = {
        name: page["ratio"]
        for name, page in found.items()
        if page["ratio"] > MOST_RATIO or page["ms"] > 1000 * MOST_SECONDS
    }
    sizes = {"rows": options.rows, "runs": options.runs, "tables": TABLES, "entries": ENTRIES, "items": ITEMS}
    limits = {"ratio": MOST_RATIO, "seconds": MOST_SECONDS}
    what = "time of the server in its process, a bare page by turns; medians of pairs"
    write_result(claim, {"what": what, **sizes, "pairs": options.pairs, "limits": limits, "slow": slow, "pages": found})
    worst = max(found, key=lambda name: found[name]["ratio"])
    return f"{len(found) - len(slow)} of {len(found)} pages hold; slowest {worst}: {found[worst]}; slow: {slow}"


__all__ = ["PAGES", "main", "make", "measure"]
