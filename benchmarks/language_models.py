"""LM_SPEED and LM_MEMORY: learnt tokens a second of instruction tuning on a CPU against TRL's SFTTrainer, and the
memory of the loss over a large vocabulary.

In LM_SPEED each side trains one model (Llama, 8 layers of 512, 16,000 words, 34 M parameters, from one random start)
for one pass over the same tokenised rows (alpaca in English and Chinese, of very uneven length), in bf16, with the same
rate, schedule and optimiser. Tunebook takes 8 rows a step. `trl` is SFTTrainer with its defaults (8 rows a step,
activations computed twice), `trl_once` keeps the activations and groups rows by length, `trl_packing` puts rows into
lines of 1,024 tokens, two a step, which are about 14 rows, `trl_packing_once` keeps the activations too. They run one
after the other, A B A B ..., each in a process of its own; compared is the time of the processor, for others may use
the machine; start-up and tokenising are left out. The loss on held-out rows, by plain transformers in float32, shows
that the faster one did not learn less.

LM_MEMORY: one pass there and back of a model with 150,000 words over 2,048 learnt tokens, by transformers' own loss and
by Tunebook's; the peak of the process.

    OMP_NUM_THREADS=1 python -m benchmarks LM_SPEED [--pairs 3] [--rows 240]
    OMP_NUM_THREADS=1 python -m benchmarks LM_MEMORY
"""

from __future__ import annotations

import gzip
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import DATA, given, ratio, write_result
from benchmarks.training_speed import MODEL, alternated, peak_bytes, timed_fit

SIDES = ("tunebook", "trl", "trl_once", "trl_packing", "trl_packing_once")
BATCH, RATE, LENGTH, WORDS, HELD_OUT = 8, 5e-4, 1024, 16_000, 64
_SHAPE = {
    "hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 8, "num_attention_heads": 8,
    "num_key_value_heads": 8, "max_position_embeddings": LENGTH, "tie_word_embeddings": True, "pad_token_id": 0,
    "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
Row = tuple[list[int], list[int]]  # tokens and labels


def texts() -> list[tuple[str, str]]:
    """Questions and answers, shuffled once."""
    found = []
    for path in (
        DATA / "instr_llamafactory_demos" / "alpaca_en_demo.json.gz",
        DATA / "instr_alpaca_zh_carbonz0" / "zh-data-part-00.json.gz",
    ):
        rows = json.loads(gzip.decompress(path.read_bytes()))[:1000]
        found += [("\n".join(filter(None, (row["instruction"], row["input"]))), row["output"]) for row in rows]
    random.Random(0).shuffle(found)
    return [(asked, answer) for asked, answer in found if answer.strip()]


def make_model(folder: Path, **shape: int) -> None:
    """A byte-level BPE of the rows and a model with random weights, of another shape where one is given."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[assignment]
    backend.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    trainer = trainers.BpeTrainer(
        vocab_size=WORDS, special_tokens=["<pad>", "<s>", "</s>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    backend.train_from_iterator((part for row in texts() for part in row), trainer)
    PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    ).save_pretrained(str(folder))
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(vocab_size=backend.get_vocab_size(), **_SHAPE | shape)).save_pretrained(str(folder))


def rows(tokenizer: Any, count: int) -> tuple[list[Row], list[Row]]:
    """Training rows and held-out ones: the answer and the end are learnt."""
    found = []
    for asked, answer in texts()[: count + HELD_OUT]:
        prompt = tokenizer(f"### Question:\n{asked}\n\n### Answer:\n")["input_ids"]
        said = [*tokenizer(answer)["input_ids"], tokenizer.eos_token_id]
        found.append(([*prompt, *said][:LENGTH], [*[-100] * len(prompt), *said][:LENGTH]))
    return found[:count], found[count:]


def held_out(model: Any, test: list[Row]) -> float:
    """Mean loss of the learnt tokens of rows, one after the other."""
    import torch

    lost, tokens = 0.0, 0
    model.eval()
    with torch.no_grad():
        for row in test:
            count = sum(label != -100 for label in row[1][1:])
            ids, labels = (torch.tensor([item], device=model.device) for item in row)
            found = model(input_ids=ids, labels=labels)
            lost, tokens = lost + float(found.loss) * count, tokens + count
    return lost / tokens


def run_trl(side: str, count: int, score: bool) -> dict[str, float]:
    """SFTTrainer as it comes, or in one of its better ways, on a GPU where there is one."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    folder = os.environ[MODEL]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    train, test = rows(tokenizer, count)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    better: dict[str, Any] = {}
    if "packing" in side:
        better |= {"packing": True, "per_device_train_batch_size": 2}
    elif side == "trl_once":
        better |= {"train_sampling_strategy": "group_by_length"}
    if side.endswith("once"):
        better |= {"gradient_checkpointing": False}
    with tempfile.TemporaryDirectory() as out:
        args = SFTConfig(
            out, **({"per_device_train_batch_size": BATCH} | better), num_train_epochs=1, learning_rate=RATE,
            max_length=LENGTH, save_strategy="no", report_to=[], disable_tqdm=True, weight_decay=0.0,
            use_cpu=not torch.cuda.is_available(),
        )  # fmt: skip
        data = Dataset.from_list([{"input_ids": ids, "labels": labels} for ids, labels in train])
        trainer = SFTTrainer(model=model, args=args, train_dataset=data, processing_class=tokenizer)
        start, used = time.perf_counter(), time.process_time()
        trainer.train()
        seconds, used = time.perf_counter() - start, time.process_time() - used
    result = {"seconds": seconds, "processor_seconds": used, "peak_bytes": peak_bytes()}
    result |= {"steps": trainer.state.global_step, "tokens_learnt": _learnt(train)}
    return result | ({"loss_after": held_out(trainer.model.float(), test)} if score else {})


def run_tunebook(side: str, count: int, score: bool) -> dict[str, float]:
    """Tunebook's Fit with the same settings, its own defaults elsewhere."""
    from tunebook.core.encoded import pack
    from tunebook.core.nouns import Labels
    from tunebook.core.registry import task_of
    from tunebook.engine.material import Material
    from tunebook.models.source import load_tokenizer

    folder = Path(os.environ[MODEL])
    tokenizer = load_tokenizer(folder)
    parts = rows(tokenizer, count)
    encoded = [pack({"input_ids": [ids for ids, _ in part], "labels": [lab for _, lab in part]}) for part in parts]
    settings = {
        "max_length": LENGTH, "max_steps": -(-count // BATCH), "max_epochs": 1, "learning_rate": RATE,
        "batch_size": BATCH, "precision": "bf16", "length_bucketing": "off",
    }  # fmt: skip

    def loss(fit: Any, trainer: Any) -> dict[str, float]:
        return {"loss_after": held_out(trainer.model, parts[1])}

    found = timed_fit(
        task_of("causal_lm")(), Labels(problem="language_model"), Material(folder, tokenizer, *encoded), settings,
        loss if score else None,
    )  # fmt: skip
    return found | {"steps": settings["max_steps"], "tokens_learnt": _learnt(parts[0])}  # type: ignore[dict-item]


def _learnt(train: list[Row]) -> int:
    return sum(label != -100 for _, labels in train for label in labels[1:])


def run_memory(side: str) -> dict[str, float]:
    """The peak of a process that goes there and back once over 2,048 learnt tokens."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from tunebook.nets.next_token import Predict

    torch.manual_seed(0)
    shape = _SHAPE | {"num_hidden_layers": 2, "max_position_embeddings": 2048}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=150_000, **shape))
    ids = torch.randint(3, 150_000, (2, 1025))
    labels = ids.clone()
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}
    before, used = peak_bytes(), time.process_time()
    loss = model(**batch).loss if side == "stock" else Predict(1).loss(model, batch)[0]
    loss.backward()
    return {
        "peak_bytes": peak_bytes(), "before_bytes": before, "processor_seconds": time.process_time() - used,
        "loss": float(loss.detach()),
    }  # fmt: skip


def main(claim: str, arguments: list[str]) -> Path:
    """Alternate the sides and write the result."""
    if claim == "LM_MEMORY":
        found = alternated("benchmarks.language_models", claim, ("stock", "tunebook"), 1, 1)
        peaks = {side: runs[0]["peak_bytes"] for side, runs in found.items()}
        case = "Llama of 2 layers of 512, 150,000 words, 2,048 learnt tokens, float32, one pass there and back"
        return write_result(claim, {"case": case, "runs": found, "ratio": peaks["tunebook"] / peaks["stock"]})
    options = given(arguments, pairs=3, rows=240, sides=",".join(SIDES))
    sides = options.sides.split(",")
    with tempfile.TemporaryDirectory() as folder:
        make_model(Path(folder))
        os.environ[MODEL] = folder
        found = alternated("benchmarks.language_models", claim, sides, options.pairs, options.rows)
    used = {side: [run["processor_seconds"] for run in runs] for side, runs in found.items()}
    last = {side: runs[-1] for side, runs in found.items()}
    return write_result(
        claim,
        {
            "case": "alpaca in English and Chinese, Llama of 34 M parameters from a random start, bf16, one pass",
            "rows": options.rows,
            "tokens_learnt": last[sides[0]]["tokens_learnt"],
            "tokens_learnt_per_second": {
                side: last[side]["tokens_learnt"] / float(np.median(used[side])) for side in sides
            },
            "speed_ratio": {
                side: ratio([b / a for a, b in zip(used[sides[0]], used[side], strict=True)]) for side in sides[1:]
            },
            "loss_after": {side: last[side]["loss_after"] for side in sides},
            "runs": found,
        },
    )


if __name__ == "__main__":
    name, chosen, number, scored = sys.argv[1:5]
    if name == "LM_MEMORY":
        print(json.dumps(run_memory(chosen)))
    else:
        run = run_trl if chosen.startswith("trl") else run_tunebook
        print(json.dumps(run(chosen, int(number), scored == "1")))
