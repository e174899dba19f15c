"""EMBEDDING_SPEED: texts a second of `tunebook embed` on a CPU, against SentenceTransformer.encode as it comes.

Short texts of three real sets, of uneven lengths, by builtin:minilm. Both sides read the model folder of the same run,
each in a process of its own, one after the other, A B A B ...; start-up and loading are left out, tokenising is in.
What is counted is processor time of one thread, which other work on the machine changes little. Tunebook has its own
`vectors`, with and without products of oneDNN; that all make the same vectors is checked with the last pair.

    python -m benchmarks EMBEDDING_SPEED [--pairs 3] [--texts 3000]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import ROOT, ratio, write_result
from benchmarks.sets import read_set

SETS = ("en_banking77", "en_sst2", "en_goemotions")
SIDES = ("tunebook", "without_onednn", "sentence_transformers")


def texts_of(count: int) -> list[str]:
    """Texts of all sets, mixed; every text once."""
    each = [[text for text, _ in read_set(name)[: -(-count // len(SETS))]] for name in SETS]
    return [text for some in zip(*each, strict=True) for text in some][:count]


def made_run(folder: Path) -> Path:
    """A run of two steps: what it has learnt changes no speed."""
    import tunebook as tb

    rows = [{"query": text, "passage": f"{text}?"} for text in texts_of(60)]
    book = tb.init(folder / "book", rows, options=tb.DataOptions(task="embedding"))
    table = book.tables.get("champion")
    from tunebook.tables.make import child

    return tb.train(tb.plan(child(table, {"max_steps": "2"}), book.data), track=()).path


def one(side: str, run: Path, count: int, into: Path) -> dict[str, float]:
    """Seconds of one side; its vectors are written to a file."""
    import torch

    torch.set_num_threads(1)
    texts = texts_of(count)
    if side == "sentence_transformers":
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(run / "model"), device="cpu")
        encode: Any = lambda some: model.encode(some, show_progress_bar=False)  # noqa: E731
    else:
        from tunebook.engine import load
        from tunebook.verbs.served import Embedder

        if side == "without_onednn":
            load.quick_products = lambda model: nullcontext()  # type: ignore[assignment]
        encode = Embedder(run).vectors
    encode(texts[:16])
    begun, processor = time.perf_counter(), time.process_time()
    vectors = encode(texts)
    seconds = time.process_time() - processor
    np.save(into, vectors)
    return {"processor_seconds": seconds, "seconds": time.perf_counter() - begun, "texts_per_second": count / seconds}


def main(claim: str, arguments: list[str]) -> Path:
    """Alternate the sides and write the result."""
    known = argparse.ArgumentParser()
    known.add_argument("--pairs", type=int, default=3)
    known.add_argument("--texts", type=int, default=3000)
    options = known.parse_args(arguments)
    found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    with tempfile.TemporaryDirectory() as place:
        run = made_run(Path(place))
        for pair in range(options.pairs):
            for side in SIDES:
                parts = [side, str(run), str(options.texts), f"{place}/{side}.npy"]
                command = [sys.executable, "-m", "benchmarks.embedding_speed", *parts]
                done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=environment)
                found[side].append(json.loads(done.stdout.strip().splitlines()[-1]))
                print(pair, side, found[side][-1], flush=True)
        vectors = {side: np.load(f"{place}/{side}.npy") for side in SIDES}
    speeds = {side: [one["texts_per_second"] for one in runs] for side, runs in found.items()}
    lengths = [len(text) for text in texts_of(options.texts)]
    return write_result(
        claim,
        {
            "what": "short texts of " + ", ".join(SETS) + ", by builtin:minilm, one thread",
            "texts": options.texts,
            "characters": {"mean": float(np.mean(lengths)), "min": min(lengths), "max": max(lengths)},
            "runs": found,
            "speed_ratio": {
                side: ratio([a / b for a, b in zip(speeds["tunebook"], speeds[side], strict=True)])
                for side in SIDES[1:]
            },
            "largest_difference": {
                side: float(np.abs(vectors["tunebook"] - vectors[side]).max()) for side in SIDES[1:]
            },
        },
    )


if __name__ == "__main__":
    chosen, path, number, out = sys.argv[1:5]
    print(json.dumps(one(chosen, Path(path), int(number), Path(out))))
