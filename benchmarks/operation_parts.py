"""What OPERATION works with: rows of two periods, the commands of a user, a client, a log played again."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.record import DATA
from benchmarks.serve_load import ours, server
from benchmarks.sets import Rows, read_set

if TYPE_CHECKING:
    import pyarrow as pa

CHARACTERS = 100  # of a text that is read
OF_BOOK = 2500  # hotel reviews of the book; all others come to the server
_NAMES = {"1": "good", "0": "bad"}
_CLIENTS, _TOLD_AT_ONCE = 4, 50


@cache
def hotel() -> Rows:
    """Reviews of hotels, each text once."""
    return _once(read_set("zh_hotel_htl"), set())


@cache
def shopping() -> Rows:
    """Reviews of nine kinds of goods (those of hotels left out), in an order drawn with the seed 0."""
    with zipfile.ZipFile(DATA / "zh_shopping_10cats" / "online_shopping_10_cats.zip") as packed:
        table = packed.read("online_shopping_10_cats.csv").decode("utf-8-sig")
    lines = [row for row in csv.DictReader(io.StringIO(table)) if row["cat"] != "酒店"]
    rows = [(" ".join(row["review"].split()), row["label"]) for row in lines]
    random.Random(0).shuffle(rows)
    return _once(rows, {text for text, _ in hotel()})


def _once(rows: Rows, known: set[str]) -> Rows:
    found = {text[:CHARACTERS].strip(): _NAMES[label] for text, label in rows}
    return [(text, label) for text, label in found.items() if text and text not in known]


def command(folder: Path, *words: str | Path) -> tuple[int, dict[str, Any]]:
    """A command as a user gives it, with `--json`: its exit code and what it printed.

    Raises:
        RuntimeError: it ended with an error.
    """
    around = {**os.environ, "TUNEBOOK_HOME": str(folder / "home"), "TUNEBOOK_LANG": "en", "HF_HUB_OFFLINE": "1"}
    call = [sys.executable, "-m", "tunebook", *map(str, words), "--json"]
    done = subprocess.run(call, env=around, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not done.stdout.strip():
        raise RuntimeError(f"{words}: {done.returncode} {done.stderr[-2000:]}")
    said: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return done.returncode, said


class Client:
    """Asks a server, a text a request, and tells it true labels later.

    Args:
        name: the ids of its requests begin with it; the number of the row follows.
    """

    def __init__(self, url: str) -> None:
        import httpx

        self._http = httpx.Client(base_url=url, timeout=60)
        self.failed: list[str] = []

    def ask(self, name: str, rows: Sequence[tuple[str, str]], first: int = 0, told: float = 0.0) -> list[bool]:
        """Whether each answer was right; the ids of the requests are the name with the numbers of the rows.

        Args:
            told: share of the requests whose true label comes back.
        """

        def one(item: tuple[int, tuple[str, str]]) -> tuple[str, bool]:
            number, (text, label) = item
            done = self._http.post("/predict", json={"text": text}, headers={"X-Request-Id": f"{name}-{number}"})
            if done.status_code != 200:
                self.failed.append(f"{done.status_code} {done.text[:200]}")
                return "", False
            return label, done.json()["answer"]["label"] == label

        with ThreadPoolExecutor(_CLIENTS) as pool:
            found = list(pool.map(one, enumerate(rows, first)))
        draw = random.Random(f"{name}-{first}")
        items = [
            {"request": f"{name}-{first + place}", "value": label}
            for place, (label, _) in enumerate(found)
            if label and draw.random() < told
        ]
        for start in range(0, len(items), _TOLD_AT_ONCE):
            done = self._http.post("/feedback", json={"items": items[start : start + _TOLD_AT_ONCE]})
            if done.status_code != 200:
                self.failed.append(f"{done.status_code} {done.text[:200]}")
        return [right for _, right in found]


@contextmanager
def served(book: Path) -> Iterator[Client]:
    """A server of the book, a process of its own, and its client."""
    with server(*ours(book)) as (process, url):
        yield Client(url)
        process.terminate()
        process.wait(30)


def logged(book: Path, name: str, version: str) -> list[dict[str, Any]]:
    """Rows of the book's request log that a version answered, of the requests that begin with a name, by number."""
    from tunebook.requests.log import open_log

    log = open_log(book)
    table: pa.Table = log.answered(version=version)
    log.close()
    rows = [row for row in table.to_pylist() if row["request"].startswith(f"{name}-") and row["role"] != "shadow"]
    return sorted(rows, key=lambda row: int(row["request"].rpartition("-")[2]))


def replayed(path: Path, rows: Sequence[Mapping[str, Any]], truth: Sequence[str], told: float, seed: int) -> Any:
    """A request log of these rows in this order, one a second, some with their true labels a second later."""
    from tunebook.requests.log import open_log
    from tunebook.requests.record import Answered, Feedback

    rng, log = np.random.default_rng(seed), open_log(path)
    begun = 1.8e9
    new = [{**row, "request": f"r{place}", "at": begun + place, "answer": None} for place, row in enumerate(rows)]
    log.append([Answered(**row) for row in new])
    known = np.flatnonzero(rng.random(len(rows)) < told)
    log.tell([Feedback(f"r{place}", 0, begun + place + 1, "label", truth[int(place)]) for place in known])
    return log


__all__ = ["OF_BOOK", "Client", "command", "hotel", "logged", "replayed", "served", "shopping"]
