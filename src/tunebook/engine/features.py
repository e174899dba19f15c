"""What a frozen encoder makes of texts: the mean of its last layer over the tokens, of length 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.utils.logging import disable_progress_bar

from tunebook.core.encoded import pack
from tunebook.core.progress import Progress, Silent
from tunebook.engine.batching import by_length
from tunebook.engine.machine import keep_memory


def features(
    folder: Path, texts: list[str], tokenizer: Any, max_length: int, progress: Progress | None = None
) -> NDArray[np.float32]:
    """Array of shape (N, hidden). Nothing is trained.

    Args:
        folder: base model.
    """
    from transformers import AutoModel

    keep_memory()
    disable_progress_bar()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = AutoModel.from_pretrained(str(folder), dtype=torch.float32).to(device).eval()
    columns = tokenizer(texts, truncation=True, max_length=max_length)
    encoded = pack({name: columns[name] for name in columns if name != "attention_mask"})
    out = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
    watch = progress or Silent()
    watch.start("features", len(texts))
    with torch.inference_mode():
        for rows in by_length(encoded.lengths, 64):
            numbers = [int(row) for row in rows]
            inputs = {
                name: torch.from_numpy(
                    encoded.padded(name, numbers, tokenizer.pad_token_id if name == "input_ids" else 0)
                ).to(device)
                for name in encoded.flat
            }
            lengths = torch.from_numpy(encoded.lengths[rows]).to(device)
            mask = (torch.arange(inputs["input_ids"].shape[1], device=device) < lengths[:, None]).long()
            hidden = model(**inputs, attention_mask=mask).last_hidden_state
            mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            out[rows] = torch.nn.functional.normalize(mean, dim=1).cpu().numpy()
            watch.advance(len(rows))
    watch.finish()
    return out


__all__ = ["features"]
