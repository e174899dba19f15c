"""Tiny models of every encoder architecture that Tunebook promises, built from a config: no weights, no network."""

from __future__ import annotations

from typing import Any

import torch

VOCABULARY = 50
_SMALL: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "pad_token_id": 0,
}
DECODERS = ("llama", "gpt2")
SEQ2SEQ = ("t5", "bart")
ENCODERS = ("bert", "roberta", "distilbert", "deberta-v2", "modernbert", "electra")


# What an architecture calls otherwise, or needs beside the common values.
_OWN: dict[str, dict[str, Any]] = {
    "roberta": {"pad_token_id": 1, "max_position_embeddings": 42},
    "electra": {"embedding_size": 8},
    "llama": {"bos_token_id": 2, "eos_token_id": 3, "num_hidden_layers": 2, "num_key_value_heads": 2},
    "gpt2": {
        "bos_token_id": 2,
        "eos_token_id": 3,
        "n_embd": 16,
        "n_layer": 2,
        "n_head": 2,
        "n_positions": 40,
    },
    "t5": {
        "d_model": 16,
        "d_kv": 8,
        "d_ff": 32,
        "num_hidden_layers": 2,
        "num_layers": 2,
        "num_decoder_layers": 2,
        "num_heads": 2,
        "eos_token_id": 3,
        "decoder_start_token_id": 0,
    },
    "bart": {
        "d_model": 16,
        "num_hidden_layers": 2,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "decoder_start_token_id": 0,
        "forced_eos_token_id": 3,
    },
    "distilbert": {"dim": 16, "n_layers": 3, "n_heads": 2, "hidden_dim": 32},
    "deberta-v2": {"relative_attention": True, "position_buckets": 8, "pos_att_type": ["p2c", "c2p"]},
    "modernbert": {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3},
}


def config(kind: str, labels: int = 3, dropout: float = 0.0) -> Any:
    """Config of a tiny encoder; `dropout` goes into every dropout that it has."""
    from transformers import AutoConfig

    made = AutoConfig.for_model(kind, **{**_SMALL, **_OWN.get(kind, {}), "num_labels": labels})
    for name in vars(made):
        if "dropout" in name and isinstance(getattr(made, name), float):
            setattr(made, name, dropout)
    for name in ("classifier_dropout", "cls_dropout"):
        if hasattr(made, name):
            setattr(made, name, dropout)
    return made


def classifier(kind: str, labels: int = 3, dropout: float = 0.0, seed: int = 0) -> Any:
    """A tiny classifier with random weights that depend on the seed alone."""
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(seed)
    model = AutoModelForSequenceClassification.from_config(config(kind, labels, dropout), dtype=torch.float32)
    return model.train()


def rows(count: int, labels: int = 3, seed: int = 0) -> list[dict[str, Any]]:
    """Token rows of uneven length with labels, the first token always 2."""
    draw = torch.Generator().manual_seed(seed)
    out = []
    for _ in range(count):
        length = int(torch.randint(4, 12, (1,), generator=draw))
        ids = torch.randint(5, VOCABULARY, (length,), generator=draw)
        ids[0] = 2
        out.append({"input_ids": ids.tolist(), "labels": int(torch.randint(labels, (1,), generator=draw))})
    return out


def collate(batch: list[dict[str, Any]], pad: int = 0) -> dict[str, Any]:
    """A padded batch of such rows."""
    longest = max(len(row["input_ids"]) for row in batch)
    ids = [row["input_ids"] + [pad] * (longest - len(row["input_ids"])) for row in batch]
    mask = [[1] * len(row["input_ids"]) + [0] * (longest - len(row["input_ids"])) for row in batch]
    return {
        "input_ids": torch.tensor(ids),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor([row["labels"] for row in batch]),
    }
