"""A small book of instructions: a decoder with random weights, and rows whose answers follow a rule."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import torch

from tests import chats

NOUNS = ["room", "hotel", "food", "stay", "service", "bed", "view", "bath"]


def base_model(folder: Path, positions: int = 96, seed: int = 0) -> Path:
    """A llama of random weights that reads any text, without a chat template."""
    from transformers import AutoConfig, AutoModelForCausalLM

    tokenizer = chats.byte_level(("<|endoftext|>", "<pad>"), pad_token="<pad>")
    tokenizer.model_max_length = positions
    config: Any = AutoConfig.for_model(
        "llama", vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=positions, tie_word_embeddings=True,
        bos_token_id=None, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    torch.manual_seed(seed)
    AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return folder


def rows(count: int, seed: int = 0) -> list[dict[str, str]]:
    """Alpaca rows: two nouns are to be said in the other order."""
    draw, found = random.Random(seed), {}
    while len(found) < count:
        one, two = (" ".join(draw.choices(NOUNS, k=draw.randint(1, 2))) for _ in range(2))
        found[f"swap {one} , {two}"] = f"{two} {one}"
    return [{"instruction": asked, "input": "", "output": answer} for asked, answer in found.items()]


def write_rows(path: Path, count: int = 60, seed: int = 0) -> Path:
    """The same as a file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(count, seed)), encoding="utf-8")
    return path
