"""What a frozen encoder makes of texts: the mean of its last layer over the tokens, of length 1."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers.utils.logging import disable_progress_bar

from tunebook.core.progress import Progress
from tunebook.core.task import Rows, Task
from tunebook.core.technique import Batch
from tunebook.engine.infer import Inference
from tunebook.engine.machine import keep_memory


def mean_of_tokens(outputs: Any, batch: Batch) -> Tensor:
    """The mean of the last layer over a row's tokens, scaled to length 1; shape (rows, hidden)."""
    mask = batch["attention_mask"]
    mean = (outputs.last_hidden_state * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    return torch.nn.functional.normalize(mean, dim=1)


def features(
    folder: Path, texts: Sequence[str], task: Task, tokenizer: Any, max_length: int, progress: Progress | None = None
) -> NDArray[np.float32]:
    """Array of shape (N, hidden). Nothing is trained.

    Args:
        folder: base model.
        task: makes tokens and batches.
    """
    from transformers import AutoModel

    keep_memory()
    disable_progress_bar()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = AutoModel.from_pretrained(str(folder), dtype=torch.float32, trust_remote_code=False).to(device)
    encoded = task.encode(Rows(texts, None, None, ids=[""] * len(texts)), tokenizer, max_length)
    inference = Inference(task, tokenizer.pad_token_id, read=mean_of_tokens, what="features")
    return inference.run(model, encoded, progress=progress).logits


__all__ = ["features", "mean_of_tokens"]
