"""Rows of several lines become a batch of one line each, as a loop over all tokens makes it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tunebook.core.encoded import pack
from tunebook.nets.lines import Lines


@pytest.mark.parametrize("seed", range(3))
def test_lines_are_those_of_a_loop(seed: int) -> None:
    draw = np.random.default_rng(seed)
    places = [np.repeat(np.arange(n := draw.integers(1, 4)), draw.integers(1, 5, n)).tolist() for _ in range(5)]
    ids = [draw.integers(5, 99, len(row)).tolist() for row in places]
    weights = draw.random((5, 2)).astype(np.float32)
    encoded = pack({"input_ids": ids, "place": places}).with_fixed(weight=weights)
    lines = Lines.of(encoded, "place")
    told = [[row, [one for one, at in zip(ids[row], places[row], strict=True) if at == place]]
            for row in range(5) for place in sorted(set(places[row]))]  # fmt: skip
    longest = max(len(line) for _, line in told)
    batch = lines.batch(("input_ids", "place"), 7)
    assert lines.row.tolist() == [row for row, _ in told]
    assert batch["input_ids"].tolist() == [line + [7] * (longest - len(line)) for _, line in told]
    assert batch["attention_mask"].tolist() == [[1] * len(line) + [0] * (longest - len(line)) for _, line in told]
    assert torch.equal(batch["weight"], torch.from_numpy(weights[[row for row, _ in told]]))
    assert batch["place"].dtype == batch["attention_mask"].dtype == torch.int64
    assert [encoded.flat["input_ids"][at] for at in lines.first] == [line[0] for _, line in told]
