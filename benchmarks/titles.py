"""TITLES: how near to the true ones are titles that a tiny model from scratch writes of Chinese abstracts, and how near
is the beginning of the abstract?

The base model is a BART of random weights made from a config, its tokens the characters of the abstracts and titles.
1,000 abstracts with titles (zh_csl_papers, task `ts`, its dev part) go into a book; `lead` and the untrained model are
what the task itself compares with, on the test rows. Nothing is tuned on these.

    OMP_NUM_THREADS=1 python -m benchmarks TITLES [--epochs 20]
"""

from __future__ import annotations

import gzip
import math
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.record import DATA, given, write_result
from benchmarks.sets import write_rows

FILE = DATA / "zh_csl_papers" / "ts" / "dev.tsv.gz"
SPECIALS = ["<pad>", "<unk>", "<s>", "</s>"]
WIDTH, LAYERS, LENGTH, TARGET = 128, 2, 256, 40
SETTINGS: dict[str, Any] = {
    "learning_rate": 1e-3, "batch_size": 16, "max_length": LENGTH, "early_stopping_patience": None,
    "seq2seq.target_length": TARGET,
}  # fmt: skip


def abstracts() -> list[tuple[str, str]]:
    """Abstract and title of each paper."""
    with gzip.open(FILE, "rt", encoding="utf-8") as stream:
        return [(line.split("\t")[1], line.rstrip("\n").split("\t")[2]) for line in stream]


def tokenizer(texts: list[str], folder: Path) -> int:
    """A tokenizer of single characters that stand in at least two places; their number."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    often = Counter(sign for text in texts for sign in text if not sign.isspace())
    words = [*SPECIALS, *(sign for sign, count in often.most_common() if count > 1)]
    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    made.normalizer = normalizers.Replace(Regex(r"\s+"), "")
    made.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    made.decoder = decoders.Fuse()
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 3)])
    names = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    PreTrainedTokenizerFast(tokenizer_object=made, **names).save_pretrained(str(folder))
    return len(words)


def base_model(texts: list[str], folder: Path) -> int:
    """A BART of random weights; its parameters."""
    import torch
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    ends = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "forced_eos_token_id": 3}
    sides = {f"{side}_layers": LAYERS for side in ("encoder", "decoder")}
    heads = {f"{side}_attention_heads": 4 for side in ("encoder", "decoder")}
    inner = {f"{side}_ffn_dim": 2 * WIDTH for side in ("encoder", "decoder")}
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "bart", vocab_size=tokenizer(texts, folder), d_model=WIDTH, max_position_embeddings=LENGTH,
        decoder_start_token_id=3, **ends, **sides, **heads, **inner,
    )  # fmt: skip
    model = AutoModelForSeq2SeqLM.from_config(config)
    model.save_pretrained(str(folder))
    return int(model.num_parameters())


def main(claim: str, arguments: list[str]) -> str:
    """Train once, and write down what the test rows say."""
    from tunebook.data.options import DataOptions
    from tunebook.tables.make import child
    from tunebook.verbs.evaluate import evaluate
    from tunebook.verbs.init import init
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.train import train

    epochs, rows = int(given(arguments, epochs=20.0).epochs), abstracts()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        parameters = base_model([text for row in rows for text in row], folder / "base")
        file = write_rows(rows, folder / "papers.csv", ("abstract", "title"))
        options = DataOptions(text="abstract", label="title", task="seq2seq")
        book = init(folder / "book", file, model=str(folder / "base"), options=options)
        begun = time.process_time()
        table = child(book.champion, {**SETTINGS, "max_epochs": epochs}, "titles")
        run = train(plan(table, book.data), book.path / "runs", track=())
        trained = time.process_time()
        report = evaluate(run)
        seconds = {"training": round(trained - begun, 1), "scores": round(time.process_time() - trained, 1)}
    result = {
        "rows": {"all": len(rows), "test": report.rows}, "parameters": parameters, "epochs": epochs,
        "settings": SETTINGS, "processor_seconds": seconds, "scores": report.metrics,
        "baselines": {name: _known(found) for name, found in report.baselines.items()},
        "intervals": {name: [ends.low, ends.high] for name, ends in report.intervals.items()},
    }  # fmt: skip
    return f"{claim}: written to {write_result(claim, result)}"


def _known(scores: dict[str, float]) -> dict[str, float]:
    """Without those that are not known: nobody knows how likely the true titles are to the beginning of a text."""
    return {name: value for name, value in scores.items() if not math.isnan(value)}


__all__ = ["abstracts", "base_model", "main", "tokenizer"]
