"""GPU (P8): training on one GPU against the stock Trainer and TRL, and how near it is to what the GPU can do.

Encoders: BERT of 12 layers of 768 from one random start, on en_sst2 (short) and en_fdu_reviews (uneven), beside the
stock Trainer as it comes, in bf16, and in bf16 with rows grouped by length. Language model: Llama of 16 layers of 1,024
(about 230 M parameters) on alpaca in English and Chinese, beside TRL's SFTTrainer as it comes and with packing. They
run one after the other, A B A B ..., each in a process of its own; start-up and tokenising are left out. Of each:
seconds, the most memory on the GPU, the score after the last run, and the share of the GPU's rate in bf16, which is 6
floating-point operations for each parameter and real token, a second, over what a large matrix product reaches here.
All of it takes less than ten minutes. Without a GPU nothing is measured, and that is said.

    python -m benchmarks GPU [--pairs 3] [--steps 100] [--rows 1200] [--only sst2]
    python -m benchmarks GPU --tried 1      the same way with tiny models, on any processor; nothing is written
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import language_models
from benchmarks.record import given, ratio, write_result
from benchmarks.training_speed import BATCH, CASES, MODEL, alternated, has_bf16, texts

BERT = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
LLAMA = {"hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 16, "num_attention_heads": 16,
         "num_key_value_heads": 16}  # fmt: skip
TINY = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
STOCK = ("stock", "stock_bf16", "stock_bf16_grouped")
TRL = ("trl", "trl_packing", "trl_packing_once")


@dataclass(frozen=True)
class Work:
    """A training that all sides do.

    Attributes:
        module: runs one side; case: its name there; against: the other sides; amount: its steps, or its rows.
    """

    module: str
    case: str
    against: tuple[str, ...]
    amount: int


def works(options: Any) -> dict[str, Work]:
    """Name -> training."""
    speed = "benchmarks.training_speed"
    stock = tuple(side for side in STOCK if "bf16" not in side or has_bf16())
    return {
        "sst2": Work(speed, "P1", stock, options.steps),
        "reviews": Work(speed, "P2", stock, options.steps),
        "llama": Work("benchmarks.language_models", "LM_SPEED", TRL, options.rows),
    }


@contextmanager
def base_of(work: Work, tried: bool) -> Iterator[Path]:
    """A folder with the base model, which the sides find by the environment."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if work.case == "LM_SPEED":
            language_models.make_model(folder, **TINY | {"num_key_value_heads": 2} if tried else LLAMA)
        else:
            _encoder(folder, TINY if tried else BERT)
        os.environ[MODEL] = name
        try:
            yield folder
        finally:
            del os.environ[MODEL]


def _encoder(folder: Path, shape: dict[str, int]) -> None:
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    from tunebook.models.source import find_model

    tokenizer = AutoTokenizer.from_pretrained(str(find_model("builtin:minilm")))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    BertForSequenceClassification(BertConfig(vocab_size=len(tokenizer), **shape)).save_pretrained(folder)  # type: ignore[arg-type]


def products_a_second(size: int) -> float:
    """Floating-point operations a second of a square matrix product in bf16, the best of ten."""
    import torch

    left = torch.randn(size, size, device="cuda", dtype=torch.bfloat16)
    seconds = []
    for _ in range(10):
        torch.cuda.synchronize()
        start = time.perf_counter()
        torch.mm(left, left)
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds)


def operations(work: Work, folder: Path) -> float:
    """Floating-point operations of one training: 6 a real token and parameter, token vectors left out."""
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    parameters = sum(item.numel() for item in model.parameters()) - model.get_input_embeddings().weight.numel()
    if work.case == "LM_SPEED":
        parameters += model.get_input_embeddings().weight.numel()  # tied: the head multiplies by them
        tokens = sum(len(ids) for ids, _ in language_models.rows(tokenizer, work.amount)[0])
    else:
        read = tokenizer(texts(work.case)[0], truncation=True, max_length=CASES[work.case]["max_length"])["input_ids"]
        tokens = sum(map(len, read)) / len(read) * BATCH * work.amount
    return 6.0 * parameters * tokens


def measure(work: Work, pairs: int, tried: bool, peak: float) -> dict[str, Any]:
    """All sides of a training in turn."""
    with base_of(work, tried) as folder:
        needed = operations(work, folder)
        sides = ("tunebook", *work.against)
        found = alternated(work.module, work.case, sides, pairs, work.amount)
    seconds = {side: [run["seconds"] for run in runs] for side, runs in found.items()}
    return {
        "against": work.against,
        "speed_ratio": {
            side: ratio([theirs / ours for ours, theirs in zip(seconds["tunebook"], seconds[side], strict=True)])
            for side in work.against
        },
        "peak_bytes": {side: max(run["peak_bytes"] for run in runs) for side, runs in found.items()},
        "score": {side: runs[-1].get("accuracy", runs[-1].get("loss_after")) for side, runs in found.items()},
        "share_of_peak": {side: needed / min(values) / peak for side, values in seconds.items()} if peak else {},
        "runs": found,
    }


def main(claim: str, arguments: list[str]) -> Path | str:
    """Measure what is asked for and write the result; without a GPU say that nothing was."""
    import torch

    options = given(arguments, pairs=3, steps=100, rows=1200, only="", tried=0)
    if options.tried:
        options.pairs, options.steps, options.rows = 1, 2, 16
    elif not torch.cuda.is_available():
        return "GPU: not run, this machine has no GPU; nothing was measured or written"
    peak = products_a_second(8192) if torch.cuda.is_available() else 0.0
    found = {}
    for name, work in works(options).items():
        if options.only in name:
            found[name] = measure(work, options.pairs, bool(options.tried), peak)
    if options.tried:
        return "GPU: tried with tiny models; nothing was written"
    device = {"gpu": torch.cuda.get_device_name(), "bf16_peak": peak}
    return write_result(claim, {"claim": __doc__.split("\n", 1)[0], **device, "cases": found})
