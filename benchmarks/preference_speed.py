"""DPO_SPEED: a step of DPO whose reference model was asked before, against TRL's trainer, which asks it in each step.

A small model of Llama's kind with random weights on real pairs (dpo_zh_demo, the tokens by a BPE that the rows have
trained), in float32, all with the same batch size, rate, optimiser and number of steps. `trl` is DPOTrainer as it
comes: the reference in each step, and activations made again for the backward pass. `trl_plain` keeps the activations,
and `trl_cached` asks the reference before, as `precompute_ref_log_probs` has it. They run one after the other, each in
a process of its own. Compared is the time of the processor in the steps; start-up, tokens and what is asked before them
are left out, the latter is told by itself.

    OMP_NUM_THREADS=1 python -m benchmarks DPO_SPEED [--pairs 3] [--steps 10]
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.record import DATA, ratio, write_result
from benchmarks.training_speed import alternated, peak_bytes, timed_fit

SIDES = ("tunebook", "trl", "trl_plain", "trl_cached")
BATCH, LENGTH, WORDS, RATE, BETA = 4, 384, 4000, 1e-5, 0.1
MODULE = "benchmarks.preference_speed"
FILE = DATA / "instr_llamafactory_demos" / "dpo_zh_demo.json.gz"


@cache
def rows() -> list[dict[str, Any]]:
    """Pairs as turns."""
    who = {"human": "user", "gpt": "assistant", "system": "system"}

    def turn(item: dict[str, str]) -> dict[str, str]:
        return {"role": who[item["from"]], "content": item["value"]}

    return [
        {"prompt": [turn(item) for item in row["conversations"]], "chosen": [turn(row["chosen"])],
         "rejected": [turn(row["rejected"])]}
        for row in json.loads(gzip.decompress(FILE.read_bytes()))
    ]  # fmt: skip


def base(folder: Path, **shape: int) -> Path:
    """A model of some 6 million parameters, or of another shape, and its tokenizer, the same in each process."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from tunebook.models.chat_template import with_template

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    special = ["<pad>", "<s>", "</s>"]
    trainer = trainers.BpeTrainer(
        vocab_size=WORDS, special_tokens=special, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    texts = [turn["content"] for row in rows() for side in row.values() for turn in side]
    backend.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", bos_token="<s>", eos_token="</s>", model_max_length=LENGTH
    )
    with_template(tokenizer, "plain").save_pretrained(str(folder))
    torch.manual_seed(0)
    usual = {
        "hidden_size": 256, "intermediate_size": 704, "num_hidden_layers": 5, "num_attention_heads": 8,
        "num_key_value_heads": 8,
    }  # fmt: skip
    config = LlamaConfig(
        vocab_size=WORDS, max_position_embeddings=LENGTH, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        **(usual | shape),
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(str(folder))
    return folder


def fitting(tokenizer: Any) -> list[dict[str, Any]]:
    """The rows of which both answers fit, so that all sides read the same tokens."""
    return [
        row
        for row in rows()
        if max(
            len(tokenizer.apply_chat_template(row["prompt"] + row[side], return_dict=True)["input_ids"])
            for side in ("chosen", "rejected")
        )
        <= LENGTH
    ]


def run_trl(side: str, steps: int) -> dict[str, float]:
    """TRL's DPOTrainer."""
    import warnings

    from transformers import AutoModelForCausalLM, AutoTokenizer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from datasets import Dataset
        from trl import DPOConfig, DPOTrainer

    with tempfile.TemporaryDirectory() as out:
        folder = base(Path(out) / "base")
        tokenizer = AutoTokenizer.from_pretrained(folder)
        data = Dataset.from_list(fitting(tokenizer))
        args = DPOConfig(
            f"{out}/run", per_device_train_batch_size=BATCH, max_steps=steps, learning_rate=RATE, beta=BETA,
            max_length=LENGTH, save_strategy="no", report_to=[], disable_tqdm=True, logging_steps=10_000, bf16=False,
            use_cpu=True, precompute_ref_log_probs=side == "trl_cached",
            **({} if side == "trl" else {"gradient_checkpointing": False}),
        )  # fmt: skip
        begun = time.process_time()
        model = AutoModelForCausalLM.from_pretrained(folder)
        trainer = DPOTrainer(model=model, args=args, train_dataset=data, processing_class=tokenizer)
        ready = time.process_time() - begun
        start, used = time.perf_counter(), time.process_time()
        trainer.train()
        seconds, used = time.perf_counter() - start, time.process_time() - used
    return {
        "seconds": seconds,
        "processor_seconds": used,
        "peak_bytes": peak_bytes(),
        "before": ready,
        "rows": len(data),
    }


def run_tunebook(steps: int) -> dict[str, float]:
    """Tunebook's Fit, its own defaults elsewhere."""
    import numpy as np
    from transformers import AutoTokenizer

    from tunebook.core.answers import Rows
    from tunebook.core.chat import Chat
    from tunebook.core.nouns import Estimate, Labels, Plan
    from tunebook.core.registry import task_of
    from tunebook.core.written import texts_of
    from tunebook.engine.fit import Material
    from tunebook.engine.reference import Reference
    from tunebook.engine.tokens import encode

    task, labels = task_of("preference")(), Labels(problem="preference")
    with tempfile.TemporaryDirectory() as out:
        folder = base(Path(out) / "base")
        tokenizer = AutoTokenizer.from_pretrained(folder)
        chosen = fitting(tokenizer)
        sides = [texts_of([row[side][0]["content"] for row in chosen]) for side in ("chosen", "rejected")]
        chats = [Chat.of(*((turn["role"], turn["content"]) for turn in row["prompt"])) for row in chosen]
        given = Rows([""] * len(chosen), None, np.stack(sides, 1), list(map(str, range(len(chosen)))), chats=chats)
        encoded = encode(given, task, tokenizer, LENGTH)
        settings = {"max_length": LENGTH, "max_steps": steps, "learning_rate": RATE, "batch_size": BATCH,
                    "precision": "fp32", "preference.beta": BETA}  # fmt: skip
        plan = Plan(
            task="preference", model=str(folder), model_id="", labels=labels,
            params={"max_length": LENGTH, "warmup_steps": 0}, techniques={}, table="", table_version=0, data="",
            data_path=Path(), seed=0, versions={},
            estimate=Estimate(seconds=0, memory_bytes=0, steps=steps, parameters=0, trained=0),
        )  # fmt: skip
        begun = time.process_time()
        held = Reference(task, plan, folder, tokenizer.pad_token_id).beside([encoded])[0]
        ready = time.process_time() - begun
        found = timed_fit(task, labels, Material(folder, tokenizer, held, held.take(range(8))), settings, None)
        return {**found, "before": ready, "rows": len(encoded)}


def main(claim: str, arguments: list[str]) -> Path:
    """Alternate the sides and write the result."""
    read = argparse.ArgumentParser()
    read.add_argument("--pairs", type=int, default=3)
    read.add_argument("--steps", type=int, default=10)
    options = read.parse_args(arguments)
    found = alternated(MODULE, claim, SIDES, options.pairs, options.steps)
    used = {side: [run["processor_seconds"] for run in runs] for side, runs in found.items()}
    return write_result(
        claim,
        {
            "case": f"dpo_zh_demo, a Llama of 5 layers and 6.1 M parameters, at most {LENGTH} tokens, float32",
            "steps": options.steps,
            "batch_size": BATCH,
            "runs": found,
            "speed_ratio": {
                side: ratio([b / a for a, b in zip(used["tunebook"], used[side], strict=True)]) for side in SIDES[1:]
            },
        },
    )


if __name__ == "__main__":
    _, side, steps, _ = sys.argv[1:]
    print(json.dumps(run_tunebook(int(steps)) if side == "tunebook" else run_trl(side, int(steps))))
