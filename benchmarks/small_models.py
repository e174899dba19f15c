"""P6: a trained classifier in int8 beside PyTorch in fp32, one text and 32 at once, and what of the score it costs.

English: all-MiniLM-L6-v2 on SST-2. Chinese: the built-in multilingual encoder on titles of news (THUCNews). Both are
trained on 2,500 rows by their proposed tables. PyTorch runs transformers' model, eager and with scaled dot product
attention, on one thread and on two: the best of these is what int8 is held against.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import given, graded, write_result
from benchmarks.sets import book_of, read_set

SETS = {"en_sst2": "builtin:minilm", "zh_thucnews_titles": "builtin:multilingual"}
SPLIT = {"train": (0, 2500), "validation": (2500, 3500), "test": (3500, 4500)}
THREADS = (1, 2)
CLAIM = (
    "In int8 a classifier answers at least three times as fast as PyTorch in fp32, at one row and at 32, and loses at "
    "most half a point."
)
HOW = "Times as fast by the time of the processor, forward pass and with the tokenizer, at one row and at 32:"
Texts = Sequence[str]


def main(claim: str, arguments: list[str]) -> Path:
    """Train what is not trained yet, and measure both."""
    options = given(arguments, folder="build/p6", rows=4000, rounds=40, only="")
    path = Path(options.folder)
    found = {
        name: measure(name, model, path / name, options)
        for name, model in SETS.items()
        if not options.only or name == options.only
    }
    speeds = [
        item["speed"][kind][size]["processor"]
        for item in found.values()
        for kind in item["speed"]
        for size in ("1", "32")
    ]
    kept = all(item["change"]["gain"]["value"] >= -0.005 for item in found.values())
    three = [speed >= 3 for speed in speeds]
    told = {"claim": CLAIM, "verdict": graded(all(three) and kept, any(three) and kept), "why": _why(found)}
    return write_result(claim, {**told, "sets": found})


def _why(found: dict[str, Any]) -> str:
    """The figures in a sentence for each set."""
    lines = []
    for name, item in found.items():
        speeds = (
            f"{kind} {size}: {one['processor']:.1f}" for kind, by in item["speed"].items() for size, one in by.items()
        )
        gain = item["change"]["gain"]
        ends = f"[{100 * gain['low']:+.2f}, {100 * gain['high']:+.2f}]"
        lines.append(f"{name} {', '.join(speeds)}; {100 * gain['value']:+.2f} points {ends}.")
    return f"{HOW} {' '.join(lines)}"


def run_of(name: str, model: str, folder: Path) -> Any:
    """The run of a set, trained once."""
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.train import train

    rows = read_set(name)
    parts = {part: rows[start:end] for part, (start, end) in SPLIT.items()}
    book = Book(folder / "book") if (folder / "book").is_dir() else book_of(folder, parts, model)
    return train(plan(book.champion, book.data), book.path / "runs", track=())


def measure(name: str, model: str, folder: Path, options: Any) -> dict[str, Any]:
    """Sizes, scores on rows that nothing was chosen by, and speed."""
    from tunebook.export.smaller import How, write_smaller
    from tunebook.verbs.export import source_of

    run = run_of(name, model, folder)
    source = source_of(run)
    files, sides = {}, {}
    for key, how in (
        ("fp32", How(fused=True)),
        ("int8", How(int8="static")),
        ("small", How(int8="static", vocabulary=True)),
    ):
        files[key] = folder / f"{key}.onnx"
        made = write_smaller(source, how, files[key])
        sides[key] = Side(files[key], source, made)
    torches = Torch(run.model, source)
    rows = read_set(name)[SPLIT["test"][0] :][: options.rows]
    texts = [text for text, _ in rows]
    answers = {
        key: np.concatenate([ask(texts[at : at + 32]) for at in range(0, len(texts), 32)])
        for key, ask in {"torch": torches.ask("sdpa", 1), **{key: side.ask(1) for key, side in sides.items()}}.items()
    }
    true = np.array([source.plan.labels.names.index(label) for _, label in rows])
    return {
        "model": model,
        "bytes": {
            "torch": (run.model / "model.safetensors").stat().st_size,
            **{key: file.stat().st_size for key, file in files.items()},
        },
        "rows": len(rows),
        "change": change(answers["torch"], answers["int8"], true),
        "change_fp32": change(answers["torch"], answers["fp32"], true),
        "change_small": change(answers["torch"], answers["small"], true),
        "speed": {kind: speed(torches, sides, texts, options.rounds, kind) for kind in ("forward", "text")},
    }


class Side:
    """A graph of onnxruntime with its tokenizer."""

    def __init__(self, path: Path, source: Any, made: Any) -> None:
        from tunebook.bundle.reading import Reader
        from tunebook.export.operators import session

        self.sessions = {threads: session(path, threads) for threads in THREADS}
        self.reader = Reader(made.tokenizer, {**source.reading(), **made.reading})

    def feeds(self, texts: Texts) -> Any:
        return self.reader.padded([row.ids for row in self.reader.tokens(self.reader.clean(texts))])

    def ask(self, threads: int) -> Callable[[Texts], Any]:
        return lambda texts: self.run(self.feeds(texts), threads)

    def run(self, feeds: Any, threads: int) -> Any:
        return self.sessions[threads].run(None, feeds)[0]


class Torch:
    """transformers' model with its tokenizer."""

    def __init__(self, folder: Path, source: Any) -> None:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        self.tokenizer, self.length = AutoTokenizer.from_pretrained(folder), source.plan.params.max_length
        self.models = {
            kind: AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation=kind).eval()
            for kind in ("eager", "sdpa")
        }

    def feeds(self, texts: Texts) -> Any:
        return self.tokenizer(list(texts), truncation=True, max_length=self.length, padding=True, return_tensors="pt")

    def ask(self, kind: str, threads: int) -> Callable[[Texts], Any]:
        return lambda texts: self.run(self.feeds(texts), kind, threads)

    def run(self, feeds: Any, kind: str, threads: int) -> Any:
        import torch

        torch.set_num_threads(threads)
        with torch.inference_mode():
            return self.models[kind](**feeds).logits.numpy()


def change(before: Any, after: Any, true: Any) -> dict[str, Any]:
    """What one side loses, with the paired interval of its rows."""
    from tunebook.stats.bootstrap import Units
    from tunebook.stats.difference import of_rows

    right = [(side.argmax(1) == true).astype(float) for side in (before, after)]
    gain = of_rows(right[1] - right[0], Units.of(len(true), None), True)
    equal = float((before.argmax(1) == after.argmax(1)).mean())
    return {
        "before": right[0].mean(),
        "after": right[1].mean(),
        "gain": gain.model_dump(),
        "equal": equal,
        "largest_difference": float(np.abs(before - after).max()),
    }


def speed(torches: Torch, sides: dict[str, Side], texts: Texts, rounds: int, kind: str) -> dict[str, Any]:
    """Times as fast as the better of PyTorch's two, at one text and at 32: with the tokenizer (`text`) or without.

    Each side first shows with how many threads it is quicker; then all take turns.
    """
    from tunebook.export.latency import alternate

    found: dict[str, Any] = {}
    for size, count in ((1, rounds), (32, max(5, rounds // 4))):
        chunks = [texts[at : at + size] for at in range(0, 32 * size, size)]
        asked = {
            f"torch {name} {threads}": torches.ask(name, threads) for name in torches.models for threads in THREADS
        }
        asked |= {f"{key} {threads}": side.ask(threads) for key, side in sides.items() for threads in THREADS}
        if kind == "forward":
            ready = {
                id(chunk): (torches.feeds(chunk), {key: side.feeds(chunk) for key, side in sides.items()})
                for chunk in chunks
            }
            asked = {name: _forward(name, torches, sides, ready) for name in asked}
        tried = {name: _quickest(ask, chunks) for name, ask in asked.items()}
        chosen = [
            min((f"{what} {threads}" for threads in THREADS), key=lambda name: tried[name])
            for what in ("torch eager", "torch sdpa", *sides)
        ]
        chosen.sort(
            key=lambda name: (not name.startswith("torch"), tried[name])
        )  # the better of PyTorch's is the first
        times = alternate({name: _one(asked[name]) for name in chosen}, chunks, 1, rounds=count, seconds=240)
        ours = times[next(name for name in chosen if name.startswith("int8"))]
        torch_times = [item for name, item in times.items() if name.startswith("torch")]
        found[str(size)] = {
            "clock": min(item.p50 for item in torch_times) / ours.p50,
            "processor": min(item.processor for item in torch_times) / ours.processor,
            "tried_ms": tried,
            "times": {name: item.model_dump() for name, item in times.items()},
        }
        print(
            kind,
            size,
            {
                name: (
                    round(item.p50, 2),
                    round(item.processor, 2),
                    round(item.faster, 2),
                    round(item.processor_faster, 2),
                )
                for name, item in times.items()
            },
            flush=True,
        )
    return found


def _quickest(ask: Callable[[Texts], Any], chunks: Sequence[Texts]) -> float:
    """Milliseconds of the quickest of five."""
    taken = []
    for chunk in chunks[:5]:
        begun = time.perf_counter()
        ask(chunk)
        taken.append(time.perf_counter() - begun)
    return 1000 * min(taken)


def _forward(name: str, torches: Torch, sides: dict[str, Side], ready: Any) -> Callable[[Texts], Any]:
    *what, threads = name.split()
    if what[0] == "torch":
        return lambda chunk: torches.run(ready[id(chunk)][0], what[1], int(threads))
    return lambda chunk: sides[what[0]].run(ready[id(chunk)][1][what[0]], int(threads))


def _one(ask: Callable[[Texts], Any]) -> Callable[[Sequence[Any]], Any]:
    return lambda rows: ask(rows[0])
