"""OPERATION: a book in service, from quiet days over another domain to a better model for all its users.

A small Chinese model is fine-tuned on reviews of hotels and served by `tunebook serve`. Reviews of hotels that nobody
has seen come first; then reviews of nine kinds of goods. Every step is a command of Tunebook, or its function where
the step is repeated. The parts stand on one another, and one that has a result is not done again:

- `make`: the book, its table, a run, the champion.
- `watch`: requests of hotels, looked at by `tunebook drift`; then goods, until an alarm; then labels of these.
- `windows`: the answers of `watch` in other orders, with windows of four sizes: false alarms in runs without drift,
  and requests until the alarm where goods come, alone or as a quarter of what comes.
- `retrain`: the champion's table on old rows and the labelled requests, judged on both tests.
- `bad`: a run of the same table on rows with flipped labels is rolled out, once by the real server; 20 times, with and
  without shadow, its real answers go through the rollout's own step (see ROLLOUTS).
- `rollout`: what came of it, by stages, with a person's word at the end.
- `after`: requests of both kinds to the new run.

    python -m benchmarks OPERATION --folder FOLDER [--part all] [--runs 20]
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.operation_parts import OF_BOOK, command, hotel, logged, replayed, served, shopping
from benchmarks.record import given, write_result
from benchmarks.rollouts import STAGES, Case, Reviews, rolled, summed
from benchmarks.sets import model_of, write_rows

TABLE = ("max_length=104", "max_epochs=2", "learning_rate=2e-4")
QUIET, GOODS, STEP, TOLD, AFTER = 3000, 1200, 50, 0.3, 1000
WINDOWS, SHARES = (50, 100, 250, 500), (1.0, 0.25)  # of goods among what comes after the drift
MOST = 6000  # requests of one rollout
FLIPPED = 99  # version of the data with the wrong labels
SETTINGS = "\n[serve]\nkeep_texts = true\n"


def of_make(folder: Path, _: Any) -> dict[str, Any]:
    """The book and its champion."""
    book, rows = folder / "book", write_rows(hotel()[:OF_BOOK], folder / "hotel.csv")
    command(folder, "init", book, "--data", rows, "--model", model_of("zh_hotel_htl"))
    with (book / "book.toml").open("a", encoding="utf-8") as stream:
        stream.write(SETTINGS)
    command(folder, "table", "set", book, *TABLE)
    _, trained = command(folder, "train", book, "--table", "v2")
    command(folder, "promote", book, "v2", "--force", "--reason", "the first one")
    return {name: trained[name] for name in ("run", "rows", "metrics", "intervals")}


def of_watch(folder: Path, _: Any) -> dict[str, Any]:
    """The real server: quiet requests, goods until the alarm, labels."""
    book, found = folder / "book", dict[str, Any]()
    with served(book) as client:
        right = client.ask("hotel", hotel()[OF_BOOK:][:QUIET])
        found["hotel"] = {"requests": len(right), "accuracy": float(np.mean(right))}
        _, quiet = command(folder, "drift", book)
        found["quiet"] = _told(quiet)
        right, asked = [], 0
        while asked < GOODS:
            right += client.ask("goods", shopping()[asked : asked + STEP], asked, told=1.0)
            asked += STEP
            if "alarm" not in found:
                code, seen = command(folder, "drift", book)
                if code:
                    found["alarm"] = {"after_requests": asked, **_told(seen)}
        found["goods"] = {"requests": asked, "accuracy": float(np.mean(right))}
        found["failed"] = client.failed
    found["live"] = seen["run"]
    return found


def _told(seen: dict[str, Any]) -> dict[str, Any]:
    raised = sorted({alarm["signal"]["name"] for alarm in seen["alarms"]})
    return {"alarm": seen["alarm"], "looks": seen["looks"], "raised": raised, "estimated": seen["estimated"],
            "measured": seen["measured"]}  # fmt: skip


def of_windows(folder: Path, options: Any) -> dict[str, Any]:
    """Runs without drift and runs in which goods come, by windows of each size; every run is a course of its own."""
    from tunebook.verbs.steps.book import open_book

    live = _known(folder, "watch")["live"]
    old, new = (logged(folder / "book", name, live) for name in ("hotel", "goods"))
    truth = [label for _, label in hotel()[OF_BOOK:][:QUIET]], [label for _, label in shopping()[:GOODS]]
    cells = []
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(folder / "book", Path(scratch) / "book", symlinks=True)
        book = open_book(Path(scratch) / "book")
        for window in WINDOWS:
            quiet: list[Any] = []
            came: dict[float, list[Any]] = {share: [] for share in SHARES}
            for seed in range(int(options.runs)):
                rng = np.random.default_rng([window, seed])
                drawn, later = rng.permutation(len(old)), iter(rng.permutation(len(new)))
                for share, runs in ((0.0, quiet), *came.items()):
                    goods = [place >= window and rng.random() < share for place in range(3 * window)]
                    rows, told = [], []
                    for place, drift in enumerate(goods):
                        at = int(next(later)) if drift else int(drawn[place])
                        rows.append((new if drift else old)[at])
                        told.append(truth[drift][at])
                    log = replayed(Path(scratch) / f"{window}-{seed}-{share}.sqlite", rows, told, TOLD, seed)
                    runs.append(_looked(book, log, window))
                    later = iter(rng.permutation(len(new)))
            cells.append(_summed(window, quiet, came))
            print(cells[-1], flush=True)
    return {"cells": cells, "stated_false_alarms_a_year": book.file.watch.false_alarms}


def _looked(book: Any, log: Any, window: int) -> tuple[int, list[str], float]:
    """Windows until the first alarm (0 for none), the signals that raised one, seconds of a look."""
    from tunebook.verbs.drift import drift
    from tunebook.watch.course import FILE
    from tunebook.watch.reference import folder_of

    (folder_of(book.path) / FILE).unlink(missing_ok=True)
    begun = time.perf_counter()
    found = drift(book, log=log, window=window)
    log.close()
    spent = (time.perf_counter() - begun) / max(found.looks, 1)
    first = min((alarm.at for alarm in found.alarms), default=0.0)
    number = int(first - 1.8e9) // window + 1 if first else 0
    return number, sorted({alarm.signal.name for alarm in found.alarms}), spent


def _summed(window: int, quiet: list[Any], came: dict[float, list[Any]]) -> dict[str, Any]:
    told = {
        "window": window, "runs": len(quiet), "requests_without_drift": 3 * window,
        "false_alarms": sum(bool(names) for _, names, _ in quiet),
        "raised_falsely": sorted({name for _, names, _ in quiet for name in names}),
        "seconds_a_look": round(float(np.median([spent for _, _, spent in quiet])), 2),
    }  # fmt: skip
    for share, runs in came.items():
        at = Counter((number - 1) * window for number, _, _ in runs if number > 1)
        told[f"goods_{share:g}"] = {
            "before_they_came": sum(number == 1 for number, _, _ in runs),
            "requests_until_alarm": {str(key): at[key] for key in sorted(at)},
            "not_noticed": sum(not number for number, _, _ in runs),
        }
    return told


def of_bad(folder: Path, options: Any) -> dict[str, Any]:
    """A run on flipped labels, rolled out by the real server and then by its step alone."""
    from tests.logged import make_book

    from tunebook.bundle.runtime import open_bundle

    book, live = folder / "book", _known(folder, "watch")["live"]
    run = _flipped(folder)
    said = ("--force", "--reason", "a trial with flipped labels")
    rows = shopping()[2 * GOODS :]
    found: dict[str, Any] = {"run": run, "served": _rolled(folder, run, "bad", rows, *said)}
    old, new = (logged(book, name, live) for name in ("hotel", "goods"))
    pairs = hotel()[OF_BOOK:][:QUIET] + shopping()[:GOODS]
    bundle = open_bundle(book / "runs" / run / "bundles" / "onnx")
    answers = {
        "champion": np.array([row["label"] for row in old + new]),
        "flipped": np.array([one["label"] for one in bundle.predict([text for text, _ in pairs])]),
    }
    known = Reviews(np.array([label for _, label in pairs]), answers)
    found["accuracy"], found["rollouts"] = known.right(), []
    with tempfile.TemporaryDirectory() as scratch:
        for name, stages in STAGES.items():
            runs = [
                rolled(make_book(Path(scratch) / f"{name}-{seed}"), known, Case(new="flipped"), stages, seed)
                for seed in range(int(options.runs))
            ]
            found["rollouts"].append({"stages": name, **summed(runs)})
            print(found["rollouts"][-1], flush=True)
    return found


def _flipped(folder: Path) -> str:
    """A run of the champion's table on the book's rows with the wrong labels, which lie in the book as a version of
    their own."""
    from tunebook.verbs.init import init
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.train import train

    book, place = open_book(folder / "book"), folder / "book" / f"data-v{FLIPPED}"
    if not place.is_dir():
        rows = [(text, {"good": "bad", "bad": "good"}[label]) for text, label in hotel()[:OF_BOOK]]
        other = init(folder / "flipped", write_rows(rows, folder / "flipped.csv"), model=model_of("zh_hotel_htl"))
        shutil.copytree(other.data.path, place)
    return train(plan(book.champion, book.data_versions[FLIPPED]), book.path / "runs", track=()).id


def of_retrain(folder: Path, _: Any) -> dict[str, Any]:
    """The labelled requests as new rows, a challenger, a verdict: with the gate's seeds, and what three of them say."""
    tried = {}
    for name, more in (("three_seeds", ("--seeds", "3")), ("gate", ())):
        begun = time.perf_counter()
        code, found = command(folder, "retrain", folder / "book", "--from-log", *more)
        tried[name] = {"exit_code": code, "seconds": round(time.perf_counter() - begun), **found}
        del tried[name]["path"]
    return {**tried, "challenger": tried["gate"]["challenger"]}


def of_rollout(folder: Path, _: Any) -> dict[str, Any]:
    """The challenger, to all users."""
    run = _known(folder, "retrain")["challenger"]
    return _rolled(folder, run, "new", shopping()[2 * GOODS + MOST :], "--reason", "proven on both tests")


def _rolled(folder: Path, run: str, name: str, rows: Any, *said: str) -> dict[str, Any]:
    """A rollout by the real server, with requests until it ends; a person says `next` and `finish` where asked."""
    book, path, asked, right = folder / "book", list[dict[str, Any]](), 0, list[bool]()
    _, seen = command(folder, "rollout", "start", book, run, "--min-requests", "50", *said)
    with served(book) as client:
        while seen["candidate"] and asked < MOST:
            right += client.ask(name, rows[asked : asked + STEP], asked, told=TOLD)
            asked += STEP
            _, seen = command(folder, "rollout", "status", book)
            if not path or path[-1]["share"] != seen["share"] or not seen["candidate"]:
                path.append({"share": seen["share"], "asked": asked})
            print(asked, seen["share"], seen["decision"], flush=True)
            if seen["decision"] == "ready":
                word = "finish" if seen["share"] == 100 else "next"
                _, seen = command(folder, "rollout", word, book, "--reason", "agreed")
        failed = client.failed
    _, log = command(folder, "rollout", "log", book)
    last = log["entries"][-1]
    looked = last["evidence"].get("seen", {})
    return {
        "end": last["evidence"]["event"], "by": last["actor"], "requests": asked, "path": path, "failed": failed,
        "share": looked.get("share"), "accuracy": float(np.mean(right)), "live": seen["live"],
        "against": [item["name"] for item in looked.get("evidence", []) if not item["ok"]],
    }  # fmt: skip


def of_after(folder: Path, _: Any) -> dict[str, Any]:
    """The new run in service: requests of both kinds that nobody has seen, and what the watch says of them."""
    book, found = folder / "book", dict[str, Any]()
    goods, hotels = shopping()[2 * (GOODS + MOST) :][:AFTER], hotel()[OF_BOOK + QUIET :][:AFTER]
    with served(book) as client:
        for first in range(0, AFTER, STEP):
            for name, rows in (("goods", goods), ("hotel", hotels)):
                right = client.ask(f"after-{name}", rows[first : first + STEP], first, told=TOLD)
                found[name] = found.get(name, 0) + sum(right)
        found["failed"] = client.failed
    _, seen = command(folder, "drift", book)
    found["accuracy"] = {name: found.pop(name) / AFTER for name in ("goods", "hotel")}
    return found | {"run": seen["run"], "requests": 2 * AFTER, **_told(seen)}


PARTS: dict[str, Callable[[Path, Any], dict[str, Any]]] = {
    "make": of_make,
    "watch": of_watch,
    "windows": of_windows,
    "retrain": of_retrain,
    "bad": of_bad,
    "rollout": of_rollout,
    "after": of_after,
}


def _known(folder: Path, part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{part}.json").read_text(encoding="utf-8"))
    return found


def main(claim: str, arguments: list[str]) -> Path:
    """Do the parts that are missing, and write what they gave together."""
    options = given(arguments, folder="operation", part="all", runs=20)
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in PARTS.items():
        if options.part not in ("all", name) or (folder / f"{name}.json").is_file():
            continue
        begun, used = time.perf_counter(), time.process_time()
        found = part(folder, options)
        found["clock_seconds"] = round(time.perf_counter() - begun, 1)
        found["own_processor_seconds"] = round(time.process_time() - used, 1)
        (folder / f"{name}.json").write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    return write_result(claim, {name: _known(folder, name) for name in PARTS if (folder / f"{name}.json").is_file()})


__all__ = ["main"]
