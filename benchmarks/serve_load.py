"""SERVE_LOAD: `tunebook serve` under a steady load, against the same model behind a plain handler of FastAPI.

Four parts, each a file of its own, for the machine is shared and a part is soon run again:

- `ratio`: the highest rate of requests (one text of en_sst2 each, 64 connections) whose P99 stays within a bound, ours
  and that of a plain handler (FastAPI, transformers, torch as they come), one after the other, A B A B ...;
- `swap`: a steady rate while a rollout begins, is stopped, and another run is put live: failed requests;
- `kill`: the server is killed (SIGKILL) at random moments: acknowledged answers that the request log lacks;
- `stop`: SIGTERM under load: accepted requests without an answer.

    python -m benchmarks SERVE_LOAD --part ratio --book BOOK [--seconds 5] [--bound-ms 150] [--rounds 2]

The book has two finished runs of one model; see docs/LOG.md for how it was made.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from benchmarks.load_client import Load, steady
from benchmarks.record import given, ratio, write_result
from benchmarks.sets import read_set

TEXTS = 2000
BUNDLE = "bundles/onnx"


class Asked(BaseModel):
    """What the plain handler takes."""

    text: str


def texts_of() -> list[str]:
    """Short texts of film reviews."""
    return [text for text, _ in read_set("en_sst2")[:TEXTS]]


@contextmanager
def server(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that says its address as JSON on its first line."""
    made = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True)
    try:
        assert made.stdout is not None
        yield made, json.loads(made.stdout.readline())["url"]
    finally:
        made.kill()
        made.wait()


def ours(where: Path, *more: str) -> tuple[str, ...]:
    """The command of our server."""
    return ("-m", "tunebook", "serve", str(where), "--port", "0", "--json", *more)


def plain(model: str) -> None:
    """The handler that one writes in five minutes, as a process."""
    import socket

    import torch
    import uvicorn
    from fastapi import FastAPI
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    net = AutoModelForSequenceClassification.from_pretrained(model).eval()
    app = FastAPI()

    @app.post("/predict")
    def predict(asked: Asked) -> dict[str, Any]:
        with torch.inference_mode():
            logits = net(**tokenizer(asked.text, return_tensors="pt", truncation=True)).logits
        scores = torch.softmax(logits, -1)[0]
        best = int(scores.argmax())
        return {"label": net.config.id2label[best], "score": float(scores[best])}

    with socket.create_server(("127.0.0.1", 0)) as sock:
        print(json.dumps({"url": f"http://127.0.0.1:{sock.getsockname()[1]}"}), flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False)).run(sockets=[sock])


def processor_seconds(process: subprocess.Popen[str]) -> float:
    """What a process has used so far, its threads together."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def highest(process: subprocess.Popen[str], url: str, seconds: float, bound_ms: float) -> dict[str, Any]:
    """The highest rate that was held: the rate doubles until it is not, then halves the interval four times."""
    texts = texts_of()
    asyncio.run(steady(url, texts, 20, 1.5))
    low, high, held = 0.0, 0.0, {}
    rate, left = 20.0, 4
    while left:
        used = processor_seconds(process)
        found = asyncio.run(steady(url, texts, rate, seconds)).figures()
        found["processor_ms"] = round(1e3 * (processor_seconds(process) - used) / found["requests"], 2)
        print(json.dumps(found), flush=True)
        if found["failed"] == 0 and found["p99_ms"] <= bound_ms:
            low, held = rate, found
        else:
            high = rate
        left -= high > 0
        rate = (low + high) / 2 if high else 2 * rate
        if rate < 2:
            break
        time.sleep(0.5)
    return held


def of_ratio(book: Path, options: Any) -> dict[str, Any]:
    """Both sides, one after the other, with a book of two sides' worth of rounds."""
    run, rounds = runs_of(book)[0], []
    for number in range(int(options.rounds)):
        sides = {
            "ours": ours(run / BUNDLE, "--log", str(Path(tempfile.mkdtemp()) / "log.sqlite")),
            "plain": ("-m", "benchmarks.serve_load", "plain", str(run / "model")),
        }
        found = {}
        for name in sorted(sides, reverse=bool(number % 2)):
            with server(*sides[name]) as (process, url):
                found[name] = highest(process, url, options.seconds, options.bound_ms)
            print(name, found[name], flush=True)
        rounds.append(found)
    ratios = [one["ours"]["rate"] / one["plain"]["rate"] for one in rounds if all(one.values())]
    return {"bound_ms": options.bound_ms, "ratio": ratio(ratios) if ratios else None, "rounds": rounds}


def of_swap(book: Path, options: Any) -> dict[str, Any]:
    """A rollout that begins, a larger share, an abort, another run live; each in the middle of the load."""
    from tunebook.core.operation import Rolling
    from tunebook.rollout.state import state as state_of
    from tunebook.rollout.state import write
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    state = state_of(opened)
    if state.live is None:
        state = write(opened, state, "deploy", {"run": runs_of(book)[0].name})
    other = next(run.name for run in runs_of(book) if run.name != state.live)
    # No evidence is to stop it before we do: on a machine that others use, latencies are no evidence.
    rules = Rolling(stages=[0, 50, 100], min_requests=1_000_000, alpha=1e-12).model_dump(mode="json")
    put: dict[str, Any] = {"run": other}
    steps = (("start", {**put, "rules": rules}), ("stage", {"stage": 2}), ("abort", {}), ("deploy", put))
    done = []

    def change() -> None:
        nonlocal state
        for event, said in steps:
            time.sleep(options.seconds / (len(steps) + 1))
            state = write(opened, state, event, said)  # type: ignore[arg-type]
            done.append(event)

    with server(*ours(book)) as (_, url):
        asyncio.run(steady(url, texts_of(), 20, 1))
        thread = threading.Thread(target=change)
        thread.start()
        found = asyncio.run(steady(url, texts_of(), options.rate, options.seconds))
        thread.join()
    names = {run.name: f"run {number}" for number, run in enumerate(runs_of(book), 1)}
    versions = {names[name]: count for name, count in found.versions.items()}
    return {**found.figures(), "steps": done, "versions": versions, "errors": sorted(set(found.failed))}


def of_kill(book: Path, options: Any) -> dict[str, Any]:
    """Killed at random moments, thirty times, on one log."""
    from tunebook.requests.log import open_log

    draw, texts = random.Random(7), texts_of()
    acknowledged: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.sqlite"
        for _ in range(int(options.kills)):
            with server(*ours(runs_of(book)[0] / BUNDLE, "--log", str(log))) as (process, url):
                timer = threading.Timer(draw.uniform(0.1, 1.0), process.kill)
                timer.start()
                found = asyncio.run(steady(url, texts, options.rate, 1.0, connections=16))
                timer.join()
            acknowledged += found.ids
        with server(*ours(runs_of(book)[0] / BUNDLE, "--log", str(log))) as (process, _):
            process.send_signal(signal.SIGTERM)  # what is left in spool files goes into the log
            process.wait(30)
        kept = set(open_log(log).answered(columns=["request"])["request"].to_pylist())
    lost = sum(request not in kept for request in acknowledged)
    return {"kills": int(options.kills), "acknowledged": len(acknowledged), "rows": len(kept), "lost": lost}


def of_stop(book: Path, options: Any) -> dict[str, Any]:
    """SIGTERM in the middle of the load; whoever is refused a connection was not accepted."""
    with server(*ours(runs_of(book)[0] / BUNDLE)) as (process, url):
        threading.Timer(options.seconds / 2, process.send_signal, (signal.SIGTERM,)).start()
        found: Load = asyncio.run(steady(url, texts_of(), options.rate, options.seconds))
        code = process.wait(30)
    refused = found.failed.count("ConnectionRefusedError")
    return {
        "answered": len(found.seconds),
        "refused": refused,
        "lost": len(found.failed) - refused,
        "errors": sorted(set(found.failed)),
        "exit_code": code,
    }


def runs_of(book: Path) -> list[Path]:
    """The runs with a bundle, oldest first."""
    return sorted(path for path in (book / "runs").iterdir() if (path / BUNDLE).is_dir())


def main(claim: str, arguments: list[str]) -> Path:
    """Run one part and write its result."""
    options = given(arguments, part="ratio", book="book", seconds=5.0, bound_ms=150.0, rounds=2, rate=40.0, kills=30)
    part = {"ratio": of_ratio, "swap": of_swap, "kill": of_kill, "stop": of_stop}[options.part]
    found = part(Path(options.book), options)
    print(json.dumps(found, indent=1))
    return write_result(f"{claim}_{options.part.upper()}", found)


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    plain(sys.argv[2])
