"""The end of a model's positions, by the names that configs have for it."""

from __future__ import annotations

from typing import Any

import pytest

from tunebook.models.positions import positions_in


@pytest.mark.parametrize(
    ("config", "end"),
    [
        ({"max_position_embeddings": 512}, 512),
        ({"model_type": "gpt2", "n_positions": 1024}, 1024),
        ({"model_type": "mpt", "max_seq_len": 2048, "max_position_embeddings": None}, 2048),
        ({"model_type": "t5", "n_positions": 512, "relative_attention_num_buckets": 32}, None),
        ({"model_type": "mamba"}, None),
    ],
)
def test_positions_by_their_names(config: dict[str, Any], end: int | None) -> None:
    assert positions_in(config) == end
