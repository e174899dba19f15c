"""Run a model over rows: longest first, no padding wasted, the answers in the rows' own order; or its mean vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tunebook.core.encoded import Encoded
from tunebook.core.progress import Progress, Silent
from tunebook.core.searches import Placed
from tunebook.core.task import Criterion, Passes, Reads, Rows, Searches, Task
from tunebook.core.technique import Batch, model_inputs
from tunebook.engine.batching import by_length
from tunebook.engine.machine import keep_memory
from tunebook.nets.parts import part_again, shared_out

Read = Callable[[Any, Batch], Tensor]
_TOKENS = 1024  # of a batch on a CPU: what more of them work with leaves its caches, and longer rows pad shorter ones


def head(outputs: Any, batch: Batch) -> Tensor:
    """What a model's head gives, of shape (rows, outputs)."""
    logits: Tensor = outputs.logits
    return logits


@dataclass(frozen=True)
class Outputs:
    """What a model gave for some rows: logits, or whatever was read, of shape (N, outputs), and the mean loss where the
    rows have labels.
    """

    logits: NDArray[np.float32]
    loss: float | None


def vectors(outputs: Any, batch: Batch) -> Tensor:
    """What a model of vectors gives, shape (texts, width)."""
    found: Tensor = outputs.logits
    return found


@dataclass(frozen=True)
class Beside:
    """Passages that are searched beside those of the rows: their numbers, shape (P,), and the tokens of each. Of rows
    with a class the texts that are searched, and the number of the class of each."""

    numbers: NDArray[np.int64]
    rows: Encoded


class Way(Protocol):
    """By what many rows are answered, where that is not torch alone."""

    def run(
        self, inference: Inference, model: nn.Module, encoded: Encoded, progress: Progress | None
    ) -> NDArray[np.float32]:
        """The same as the logits of `Inference.run`."""


@dataclass(frozen=True)
class Inference:
    """How to run a model over rows.

    Attributes:
        task: makes the batches.
        pad: token number that fills up `input_ids`.
        batch_size: rows of one forward pass at most.
        precision: `fp32`, `bf16` or `fp16`.
        rank, processes: this process runs every `processes`-th batch, and the answers are brought together.
        read: what is kept of a batch's outputs, of shape (rows, outputs).
        what: name of this work for whoever watches.
        beside: what a task that searches finds in too; None for nothing.
        way: by what `outputs` answers; None for torch.
    """

    task: Task
    pad: int
    batch_size: int = 64
    precision: str = "fp32"
    rank: int = 0
    processes: int = 1
    read: Read = head
    what: str = "infer"
    beside: Beside | None = None
    way: Way | None = None

    def outputs(self, model: nn.Module, encoded: Encoded, progress: Progress | None = None) -> NDArray[np.float32]:
        """The logits of all rows, by whatever was chosen for them."""
        if self.way is None:
            return self.run(model, encoded, progress=progress).logits
        return self.way.run(replace(self, way=None), model, encoded, progress)

    def run(
        self, model: nn.Module, encoded: Encoded, criterion: Criterion | None = None, progress: Progress | None = None
    ) -> Outputs:
        """Logits of all rows; with a criterion and labels also their mean loss."""
        watch = progress or Silent()
        watch.start(self.what, len(encoded))
        training = model.training
        model.eval()
        parts: list[Any] = []
        device = next(model.parameters()).device
        in_parts = shared_out(model) is not None
        # What comes together of a shared out model's weights is kept for later passes, which may have a way back.
        with torch.no_grad() if in_parts else torch.inference_mode(), self.arithmetic(device.type):
            batches = self.batches(encoded, device.type)
            own = batches[self.rank :: self.processes]
            # Its weights come together only if all processes ask: who has fewer batches repeats the shortest.
            idle = -(-len(batches) // self.processes) - len(own) if in_parts else 0
            for rows in [*own, *batches[-1:] * idle]:
                batch = self.task.collate(encoded, [int(row) for row in rows], self.pad)
                batch = {name: value.to(device) for name, value in batch.items()}
                found = self._forward(model, batch, criterion)
                if len(parts) < len(own):
                    parts.append((rows, *found))
                    watch.advance(len(rows))
        part_again(model)
        model.train(training)
        watch.finish()
        outputs = _together(self._all(parts), len(encoded))
        if self.read is head and isinstance(self.task, Searches):
            outputs = replace(outputs, logits=self.task.gathered(outputs.logits, encoded, self._others(model)))
        return outputs

    def each_once(self, model: nn.Module, encoded: Encoded, progress: Progress | None = None) -> NDArray[np.float32]:
        """The logits alone; of rows without labels those of the same tokens are read once."""
        if encoded.fixed:
            return self.outputs(model, encoded, progress)
        first, places = encoded.once()
        return self.outputs(model, encoded.take(first), progress)[places]

    def batches(self, encoded: Encoded, device: str) -> list[NDArray[np.int64]]:
        """Row numbers of the forward passes on a kind of device, longest rows first."""
        most = _TOKENS if device == "cpu" else None
        return by_length(encoded.lengths, self.task.lines(encoded), self.batch_size, most)

    def _others(self, model: nn.Module) -> Placed | None:
        """Numbers and vectors of the passages beside those of the rows."""
        if self.beside is None:
            return None
        alone = replace(self, beside=None, read=vectors)
        return self.beside.numbers, alone.run(model, self.beside.rows).logits

    def arithmetic(self, device: str) -> AbstractContextManager[Any]:
        """Autocast to the precision, nothing for fp32."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(device, dtype=torch.bfloat16 if self.precision == "bf16" else torch.float16)

    def _all(self, parts: list[Any]) -> list[Any]:
        if self.processes == 1:
            return parts
        gathered: list[Any] = [None] * self.processes
        torch.distributed.all_gather_object(gathered, parts)
        return [part for share in gathered for part in share]

    def _forward(
        self, model: nn.Module, batch: Batch, criterion: Criterion | None
    ) -> tuple[NDArray[np.float32], float, float]:
        """What is read of a batch, its loss times its items, and its items."""
        loss, items = 0.0, 0.0
        own = self.read is head and isinstance(self.task, Reads)
        if criterion is None or "labels" not in batch:
            less = own and isinstance(self.task, Passes)
            outputs = self.task.passed(model, batch) if less else model(**model_inputs(batch))  # type: ignore[attr-defined]
        else:
            mean, outputs = criterion.loss(model, batch)
            items = float(criterion.items(batch))
            loss = float(mean) * items
        read = self.task.read(outputs, batch, model) if own else self.read(outputs, batch)  # type: ignore[attr-defined]
        return read.float().cpu().numpy(), loss, items


def _together(parts: list[Any], count: int) -> Outputs:
    """The answers in the rows' own order; those of one batch may be narrower than those of another."""
    items = sum(part[3] for part in parts)
    logits = placed([part[:2] for part in parts], count)
    return Outputs(logits, sum(part[2] for part in parts) / items if items else None)


def placed(parts: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]], count: int) -> NDArray[np.float32]:
    """Answers to parts of `count` rows, each with their numbers, as one matrix; lines of narrower ones end in zeros."""
    found = np.zeros((count, max((part.shape[1] for _, part in parts), default=0)), dtype=np.float32)
    for rows, part in parts:
        found[rows, : part.shape[1]] = part
    return found


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
    return encoder(folder, task, tokenizer, max_length, progress)(texts)


def encoder(
    folder: Path, task: Task, tokenizer: Any, max_length: int, progress: Progress | None = None
) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """A function that gives the features of texts, for which the model is loaded once; see `features`."""
    from transformers import AutoModel
    from transformers.utils.logging import disable_progress_bar

    from tunebook.models.stored import quiet

    keep_memory()
    disable_progress_bar()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with quiet():
        model = AutoModel.from_pretrained(str(folder), dtype=torch.float32, trust_remote_code=False).to(device)
    inference = Inference(task, tokenizer.pad_token_id, read=mean_of_tokens, what="features")

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        rows = Rows(list(texts), None, None, ids=[""] * len(texts))
        return inference.run(model, task.encode(rows, tokenizer, max_length), progress=progress).logits

    return encode


__all__ = [
    "Beside",
    "Inference",
    "Outputs",
    "Read",
    "Way",
    "encoder",
    "features",
    "head",
    "mean_of_tokens",
    "placed",
    "vectors",
]
