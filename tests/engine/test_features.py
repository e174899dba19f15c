"""Features are the mean of the last layer, worked out here row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests import small, tiny
from tunebook.engine.features import features


@pytest.mark.parametrize("kind", tiny.ENCODERS)
def test_the_mean_of_the_last_layer(kind: str, tmp_path: Path) -> None:
    from transformers import AutoModel

    folder = small.base_model(tmp_path, kind)
    tokenizer = small.tokenizer()
    texts = [text for text, _ in small.texts(9)] + ["a"]
    found = features(folder, texts, tokenizer, 12)
    model = AutoModel.from_pretrained(folder).eval()
    for text, row in zip(texts, found, strict=True):
        with torch.no_grad():
            hidden = model(**tokenizer(text, return_tensors="pt", truncation=True, max_length=12)).last_hidden_state
        mean = hidden[0].mean(0).numpy()
        np.testing.assert_allclose(row, mean / np.linalg.norm(mean), atol=1e-5)
    assert found.shape == (10, 16)
