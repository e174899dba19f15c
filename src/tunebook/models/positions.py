"""How many tokens a model has positions for, by whichever name its config has for that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMES = ("max_position_embeddings", "n_positions", "max_seq_len")  # the last two: GPT-2 and its like; MPT
_RELATIVE = "relative_attention_num_buckets"  # T5 and its like, which have no end and may name a number all the same


def positions_in(config: Mapping[str, Any]) -> int | None:
    """Tokens for which there are positions; None where the config names no end.

    Args:
        config: as `config.json` has it, or `to_dict` of a loaded one.
    """
    if _RELATIVE in config:
        return None
    return next((int(config[name]) for name in NAMES if config.get(name)), None)


__all__ = ["positions_in"]
