"""P5 and CACHED: pairs a second of an embedding model on a CPU, against sentence-transformers' own trainer.

Pairs are the two halves of reviews of very uneven length. Both sides minimise the same loss (every other second half of
the batch is a negative), with the same batch size, rate, optimiser, schedule and number of steps, of which each is of
rows drawn at random. sentence-transformers 6.2 reads its two columns one after the other. Its trainer does not ask
`train_sampling_strategy` of transformers, which groups rows by length: `SentenceTransformerTrainer.get_batch_sampler`
takes its own sampler whatever that says. So its third side, `stock_bf16_grouped`, gets transformers' grouping by hand,
as a `batch_sampler` of its arguments; its steps are of other rows than those of the sides that draw at random.
They run one after the other, each in a process of its own. Compared is the time of the
processor, for others may use the machine; start-up and tokenising are left out. The loss on the same held-out batches,
before and after, shows that the faster one did not learn less.

CACHED is the memory of the same 512 pairs in Tunebook: 16 steps of 32 pairs (`plain`), and one step of all of them
whose loss is cached, 32 texts at most in a forward pass (`cached`).

    OMP_NUM_THREADS=1 python -m benchmarks P5 [--pairs 3] [--steps 20]
    OMP_NUM_THREADS=1 python -m benchmarks CACHED
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import ratio, write_result
from benchmarks.training_speed import BATCH, alternated, has_bf16, peak_bytes, texts, timed_fit

SIDES = ("tunebook", "stock", "stock_bf16", "stock_bf16_grouped")
MODULE, CASE = (
    "benchmarks.embedding_training_speed",
    "halves of reviews (en_fdu_reviews), all-MiniLM-L6-v2, at most 256 tokens",
)
MEMORY = {"plain": 512 // BATCH, "cached": 1}
MODEL, LENGTH, RATE, SCALE = "builtin:minilm", 256, 2e-5, 20.0
TRAIN, TEST = 2000, 128
Pairs = list[tuple[str, str]]


def pairs() -> tuple[Pairs, Pairs]:
    """Training and test pairs: the halves of reviews of at least 8 words."""
    found = []
    for part in (texts("P2")[0], texts("P2")[2]):
        words = [text.split() for text in part]
        found.append([_halves(one) for one in words if len(one) >= 8])
    return random.Random(0).sample(found[0], TRAIN), random.Random(0).sample(found[1], TEST)


def _halves(words: list[str]) -> tuple[str, str]:
    middle = len(words) // 2
    return " ".join(words[:middle]), " ".join(words[middle:])


def held_out(encode: Callable[[list[str]], Any], test: Pairs) -> float:
    """The loss of vectors on fixed batches of test pairs."""
    import torch
    import torch.nn.functional as F  # noqa: N812

    first, second = (
        F.normalize(torch.from_numpy(np.asarray(encode([pair[side] for pair in test]))).float(), dim=1)
        for side in (0, 1)
    )
    batches = [slice(start, start + BATCH) for start in range(0, len(test), BATCH)]
    losses = [F.cross_entropy(SCALE * first[one] @ second[one].T, torch.arange(len(first[one]))) for one in batches]
    return float(torch.stack(losses).mean())


def run_stock(side: str, steps: int, score: bool) -> dict[str, float]:
    """sentence-transformers' trainer as it comes, or in bf16, or in bf16 with rows of like length in one step."""
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.losses import MultipleNegativesRankingLoss

    from tunebook.models.source import find_model

    train, test = pairs()
    model = SentenceTransformer(str(find_model(MODEL)), device="cpu")
    model.max_seq_length = LENGTH
    encode = partial(model.encode, show_progress_bar=False)
    before = held_out(encode, test) if score else 0.0
    columns = {"anchor": [one for one, _ in train], "positive": [other for _, other in train]}
    sampler = partial(grouped, lengths=lengths(model.tokenizer, train), count=steps)
    with tempfile.TemporaryDirectory() as out:
        args = SentenceTransformerTrainingArguments(
            out, per_device_train_batch_size=BATCH, max_steps=steps, learning_rate=RATE, save_strategy="no",
            report_to=[], disable_tqdm=True, logging_steps=10_000, bf16="bf16" in side, use_cpu=True,
            **({"batch_sampler": sampler} if "grouped" in side else {}),
        )  # fmt: skip
        loss = MultipleNegativesRankingLoss(model, scale=SCALE)
        trainer = SentenceTransformerTrainer(
            model=model, args=args, train_dataset=Dataset.from_dict(columns), loss=loss
        )
        start, used = time.perf_counter(), time.process_time()
        trainer.train()
        seconds, used = time.perf_counter() - start, time.process_time() - used
    result = {"seconds": seconds, "processor_seconds": used, "peak_bytes": peak_bytes()}
    return result | ({"loss_before": before, "loss_after": held_out(encode, test)} if score else {})


def lengths(tokenizer: Any, train: Pairs) -> NDArray[np.int64]:
    """Tokens of the two texts of each pair, shape (2, N)."""
    found = [[len(ids) for ids in tokenizer([pair[side] for pair in train])["input_ids"]] for side in (0, 1)]
    return np.minimum(np.array(found), LENGTH)


def grouped(dataset: Any, *, lengths: NDArray[np.int64], count: int, generator: Any = None, **options: Any) -> Any:
    """Batches as transformers groups them by length. It begins with the longest ones; here so many come first of which
    the padded tokens are on average those of a whole pass."""
    from sentence_transformers.base.sampler import DefaultBatchSampler
    from transformers.trainer_pt_utils import LengthGroupedSampler

    size = options["batch_size"]
    rows = list(LengthGroupedSampler(size, lengths=lengths.max(0).tolist(), generator=generator))
    steps = np.array(rows[: len(rows) // size * size]).reshape(-1, size)
    padded = lengths[:, steps].max(2).sum(0)
    draw = np.random.default_rng(0)
    ways = [draw.permutation(len(steps)) for _ in range(1000)]
    best = min(ways, key=lambda way: abs(padded[way[:count]].mean() - padded.mean()))
    return DefaultBatchSampler(steps[best].ravel().tolist(), generator=generator, **options)


def run_tunebook(side: str, steps: int, score: bool) -> dict[str, float]:
    """Tunebook's Fit with the same settings, its own defaults elsewhere."""
    from tunebook.core.answers import Rows
    from tunebook.core.judged import Judged
    from tunebook.core.nouns import Labels
    from tunebook.core.registry import task_of
    from tunebook.engine.fit import Material
    from tunebook.engine.infer import Inference
    from tunebook.engine.tokens import encode
    from tunebook.models.source import find_model, load_tokenizer

    folder, task = find_model(MODEL), task_of("embedding")()
    tokenizer, labels = load_tokenizer(folder), Labels(problem="relevance", low=0.0, high=1.0)
    train, test = pairs()

    def rows(chosen: Pairs) -> Any:
        count = len(chosen)
        targets = Judged(np.arange(count), np.arange(count), np.ones(count), count).matrix()
        passages = [other for _, other in chosen]
        names = [str(number) for number in range(count)]
        return encode(
            Rows([one for one, _ in chosen], None, targets, names, passages=passages, passage_ids=names),
            task, tokenizer, LENGTH,
        )  # fmt: skip

    encoded = [rows(train), rows(test)]

    def loss(fit: Any, trainer: Any) -> dict[str, float]:
        # `read` gives the vectors of a row one after the other: the query's, then that of its passage.
        def vectors(outputs: Any, batch: Any) -> Any:
            return task.read(outputs, batch, trainer.model)

        found = Inference(task, tokenizer.pad_token_id, read=vectors).run(trainer.model, encoded[1]).logits
        halves = np.split(found, 2, axis=1)
        sides = iter(halves)
        return {"loss_after": held_out(lambda _: next(sides), test)}

    settings = {
        "max_length": LENGTH, "max_steps": steps, "learning_rate": RATE, "length_bucketing": "off",
        "batch_size": 512 if side == "cached" else BATCH,
        "embedding.mini_batch": 32 if side == "cached" else None,
    }  # fmt: skip
    material = Material(folder, tokenizer, *encoded)
    return timed_fit(task, labels, material, settings, loss if score and side == "tunebook" else None)


def main(claim: str, arguments: list[str]) -> Path:
    """Alternate the sides and write the result."""
    read = argparse.ArgumentParser()
    read.add_argument("--pairs", type=int, default=3)
    read.add_argument("--steps", type=int, default=20)
    options = read.parse_args(arguments)
    sides = [side for side in SIDES if "bf16" not in side or has_bf16()]
    found = alternated(MODULE, claim, sides, options.pairs, options.steps)
    used = {side: [run["processor_seconds"] for run in runs] for side, runs in found.items()}
    return write_result(
        f"{claim}_embedding_training_speed",
        {
            "case": CASE,
            "steps": options.steps,
            "batch_size": BATCH,
            "runs": found,
            "speed_ratio": {
                side: ratio([b / a for a, b in zip(used["tunebook"], used[side], strict=True)]) for side in sides[1:]
            },
        },
    )


def memory(claim: str, arguments: list[str]) -> Path:
    """Measure the peak of each side, and write it."""
    argparse.ArgumentParser().parse_args(arguments)
    runs = {side: alternated(MODULE, claim, [side], 1, steps)[side][0] for side, steps in MEMORY.items()}
    peaks = {side: run["peak_bytes"] for side, run in runs.items()}
    told = {"runs": runs, "ratio": peaks["cached"] / peaks["plain"]}
    return write_result(f"{claim}_memory", {"case": CASE, "rows": 512, **told})


if __name__ == "__main__":
    _, chosen, count, scored = sys.argv[1:5]
    scored = "0" if chosen in MEMORY else scored
    run = run_stock if chosen.startswith("stock") else run_tunebook
    print(json.dumps(run(chosen, int(count), scored == "1")))
