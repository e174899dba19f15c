"""Features are the mean of the last layer, worked out here row by row and batch by batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests import small, tiny
from tunebook.core.encoded import pack
from tunebook.engine.batching import by_length
from tunebook.engine.infer import features
from tunebook.tasks.text_classification import TextClassification

TEXTS = [text for text, _ in small.texts(90)] + ["a"]


def batch_by_batch(model: Any, tokenizer: Any, max_length: int) -> np.ndarray:
    """Padding, mask and batches by hand."""
    columns = tokenizer(TEXTS, truncation=True, max_length=max_length)
    encoded = pack({name: columns[name] for name in columns if name != "attention_mask"})
    out = np.zeros((len(TEXTS), model.config.hidden_size), dtype=np.float32)
    for rows in by_length(encoded.lengths, np.ones_like(encoded.lengths), 64):
        numbers = rows.tolist()
        fill = {"input_ids": tokenizer.pad_token_id}
        inputs = {name: torch.from_numpy(encoded.padded(name, numbers, fill.get(name, 0))) for name in encoded.flat}
        lengths = torch.from_numpy(encoded.lengths[rows])
        mask = (torch.arange(inputs["input_ids"].shape[1]) < lengths[:, None]).long()
        with torch.no_grad():
            hidden = model(**inputs, attention_mask=mask).last_hidden_state
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        out[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
    return out


class Watcher:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def start(self, what: str, total: int, done: int = 0) -> None:
        self.heard.append((what, total))

    def advance(self, amount: int = 1, **figures: float) -> None:
        self.heard.append(amount)

    def finish(self) -> None:
        self.heard.append("end")


@pytest.mark.parametrize("kind", tiny.ENCODERS)
def test_the_mean_of_the_last_layer(kind: str, tmp_path: Path) -> None:
    from transformers import AutoModel

    folder = small.base_model(tmp_path, kind)
    tokenizer, watcher = small.tokenizer(), Watcher()
    found = features(folder, TEXTS, TextClassification(), tokenizer, 12, watcher)
    model = AutoModel.from_pretrained(folder).eval()
    np.testing.assert_allclose(found, batch_by_batch(model, tokenizer, 12), atol=1e-6)
    for text, row in zip(TEXTS[-9:], found[-9:], strict=True):
        with torch.no_grad():
            hidden = model(**tokenizer(text, return_tensors="pt", truncation=True, max_length=12)).last_hidden_state
        mean = hidden[0].mean(0).numpy()
        np.testing.assert_allclose(row, mean / np.linalg.norm(mean), atol=1e-5)
    assert found.shape == (91, 16)
    assert watcher.heard == [("features", 91), 64, 27, "end"]
