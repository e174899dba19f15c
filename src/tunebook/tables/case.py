"""What the rules of a proposal look at: data, labels, base model, machine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from tunebook.core.nouns import Labels, Record
from tunebook.core.params import Value
from tunebook.core.registry import task_of
from tunebook.core.settings import Filled
from tunebook.tables.rules import applied, lighter

Size = Literal["small", "base", "large"]
FEW_ROWS = 2000
MANY_CLASSES = 20
FEW_STEPS = 300
VERY_NARROW = 256
MOST_EPOCHS = 20
_USUAL_LENGTH = 128
_BATCHES = (32, 16, 8)
_PLENTY = 50  # rows of a class that are learnt in fewer passes as well


class ModelFacts(Record):
    """A base model in figures.

    Attributes:
        name: as it stands in the row base_model.
        hidden: width of its layers.
        layers: number of its layers.
        parameters: all of them, the embeddings too.
        max_positions: tokens that it can read at once.
        unpooled: its files lack the layer through which a classifier of its kind reads, which then begins at random, as
            the head does.
        speaks_mean: it was made for vectors that are the mean of the tokens, as its files say, and a classifier of its
            kind can be made to read them.
    """

    name: str
    hidden: int
    layers: int
    parameters: int
    max_positions: int
    unpooled: bool = False
    speaks_mean: bool = False

    @property
    def size(self) -> Size:
        """By width, since a large vocabulary makes a small encoder heavy: up to 512 small, up to 800 base."""
        return "small" if self.hidden <= 512 else "base" if self.hidden <= 800 else "large"

    @property
    def state_bytes(self) -> int:
        """Bytes of weights, gradients and AdamW's two moments in 32-bit numbers."""
        return 16 * self.parameters

    def training_bytes(self, batch: int, length: int, *, half: bool, checkpointing: bool = False) -> int:
        """Bytes that a training step needs, roughly: weights, gradients and AdamW's moments, and the activations.

        16 bytes a parameter; s b h (34 + 5 a s / h) bytes of activations a layer in 16-bit arithmetic, twice that in
        32-bit, with heads of 64, so that a / h = 1 / 64. With checkpointing 2 s b h bytes a layer are kept, and all of
        one layer at a time.

        Args:
            batch: rows in a forward pass.
            length: tokens of a row.
            half: 16-bit arithmetic.
            checkpointing: activations are computed a second time instead of kept.

        Source: Korthikanti et al. 2022 (arXiv:2205.05198), formula 1 and section 5.
        """
        inputs = 2 * batch * length * self.hidden
        kept = self._layer(batch, length) + self.layers * inputs
        activations = kept if checkpointing else self.layers * self._layer(batch, length)
        return int(self.state_bytes + activations * (1 if half else 2))

    def answering_bytes(self, length: int) -> int:
        """Bytes that one answer needs in 32-bit arithmetic: the weights, and the activations of one layer."""
        return int(4 * self.parameters + 2 * self._layer(1, length))

    def _layer(self, batch: int, length: int) -> float:
        """Bytes of a layer's activations in 16-bit arithmetic."""
        return batch * length * self.hidden * (34 + 5 * length / 64)


class Machine(Record):
    """What training may use.

    Attributes:
        cores: processor cores.
        memory_bytes: main memory.
        gpu_memory_bytes: memory of the accelerator, 0 without one.
        bf16: whether it computes fast in bfloat16.
    """

    cores: int
    memory_bytes: int
    gpu_memory_bytes: int = 0
    bf16: bool = False

    @property
    def room(self) -> int:
        """Bytes for a training step: nine tenths of the accelerator's memory, or half of the main memory."""
        return self.gpu_memory_bytes * 9 // 10 if self.gpu_memory_bytes else self.memory_bytes // 2


@dataclass(frozen=True)
class Case:
    """What the rules look at.

    Attributes:
        stats: figures of the data; `tokens.p95` and `tokens.p99` (length of a row in tokens) and `imbalance` (rows of
            the largest class to rows of the smallest) are used where they are there.
        rows: number of training rows.
        edge_bytes: memory of the device on which the model is to answer; 0 where that does not matter.
        read_share: share of what a row has to read that a step of training reads.
        task: key of what the rows are for; empty where only the rules for any task are asked.
        others: keys of the techniques that the table has already.
    """

    stats: dict[str, Any]
    labels: Labels
    rows: int
    model: ModelFacts
    machine: Machine
    edge_bytes: int = 0
    read_share: float = 1.0
    task: str = ""
    others: frozenset[str] = frozenset()

    @property
    def of_task(self) -> dict[str, Value]:
        """What the task proposes, which is told the model's width too, without more rows at once than fit."""
        if not self.task:
            return {}
        found = dict(task_of(self.task)().proposes({**self.stats, "hidden": self.model.hidden}))
        rows = found.get("batch_size")
        if isinstance(rows, int) and rows > self.fitting.batch_size:
            del found["batch_size"]
        return found

    @property
    def classes(self) -> int:
        """Number of classes; 0 for a number to predict."""
        return len(self.labels.names)

    @cached_property
    def small_of_tokens(self) -> bool:
        """Whether a narrow encoder is to say the class of each token, in place of one of the whole text."""
        return self.model.size == "small" and bool(self.task) and "sequences" in task_of(self.task).gives

    @property
    def many_classes(self) -> bool:
        """So many classes that a head needs larger or more steps."""
        return self.classes >= MANY_CLASSES

    @property
    def few_rows(self) -> bool:
        """So few rows that seeds differ much and more passes are needed."""
        return self.rows < FEW_ROWS

    @property
    def rows_a_class(self) -> float:
        """Training rows of a class on average; of what has no classes, all."""
        return self.rows / max(self.classes, 1)

    def tokens(self, share: str = "p99") -> int | None:
        """Tokens of all but the longest hundredth of the rows (`p99`) or twentieth (`p95`)."""
        found = (self.stats.get("tokens") or {}).get(share)
        return None if found is None else math.ceil(found)

    @property
    def length(self) -> int:
        """Tokens kept of a row: a multiple of 8 that holds 99 of 100 rows, as far as the model reads.

        For a small device 95 of 100, and no more than fits there beside the weights.
        """
        wanted = self.tokens("p95" if self.edge_bytes else "p99") or self.tokens() or _USUAL_LENGTH
        found = min(8 * math.ceil(max(wanted, 8) / 8), self.model.max_positions)
        while self.edge_bytes and found > 8 and self.model.answering_bytes(found) > self.edge_bytes:
            found = max(found // 16 * 8, 8)
        return found

    @property
    def reads(self) -> float:
        """Texts, or pairs, that a row has in a step of training."""
        return max(float((self.stats.get("tokens") or {}).get("per_row", 1.0)) * self.read_share, 1.0)

    @property
    def small_steps(self) -> bool:
        """Whether as many steps of fewer rows teach as much: of whole texts, no rare class, no very narrow model."""
        plenty = self.rows_a_class >= _PLENTY and self.model.hidden > VERY_NARROW
        one = self.labels.kind.classes == "one" and not self.small_of_tokens
        return plenty and one and not self._whole({})

    def _whole(self, rows: Mapping[str, Value]) -> bool:
        """Whether the loss, with these rows of a table, holds the rows of a step against each other."""
        return bool(self.task) and task_of(self.task)().whole(self.labels, Filled.of_rows(rows))

    @property
    def usual_batch(self) -> int:
        """Rows of an optimiser step as a rule."""
        return 16 if self.few_rows else 32

    @cached_property
    def batch(self) -> int:
        """Rows that one optimiser step should see: as many as usual, or fewer, where they teach as much, before there
        are more passes than usual."""
        if not self.small_steps:
            return self.usual_batch
        sizes = [size for size in _BATCHES if size <= self.usual_batch]
        return next((size for size in sizes if self.passes(size) == self.usual_epochs), sizes[-1])

    @property
    def holds_state(self) -> bool:
        """Whether the machine has room for weights, gradients and moments at all."""
        return self.model.state_bytes < self.machine.room

    @cached_property
    def fitting(self) -> Filled:
        """Settings whose batch, passes, checkpointing and length fit into the machine, as far as that can be had."""
        settings = Filled(batch_size=self.batch, max_length=self.length, warmup_steps=0)
        while not self._fits(settings):
            step = lighter(settings)
            if not step or (step[0].row == "max_length" and not self.holds_state):
                break  # no length is short enough where the weights alone are too many
            settings = applied(settings, step)
        return settings

    @property
    def in_parts(self) -> dict[str, int]:
        """Rows with which a step is read in parts in place of passes that are added up, of a loss that holds the rows
        of a step against each other and does not fit into memory at once; as many rows as fit where the task cannot
        part a step; else none."""
        fitting = self.fitting
        if fitting.gradient_accumulation_steps == 1 or not self._whole(self.of_task):
            return {}
        task = task_of(self.task)()
        if task.own is None or "mini_batch" not in task.own.model_fields:
            return {"batch_size": fitting.batch_size, "gradient_accumulation_steps": 1}
        return {
            "batch_size": self.batch,
            "gradient_accumulation_steps": 1,
            f"{task.key}.mini_batch": fitting.batch_size,
        }

    def _fits(self, settings: Filled) -> bool:
        needed = self.model.training_bytes(
            math.ceil(settings.batch_size * self.reads),
            settings.max_length,
            half=self.machine.bf16,
            checkpointing=settings.gradient_checkpointing,
        )
        return needed <= self.machine.room

    @property
    def imbalance(self) -> float:
        """Rows of the largest class to rows of the smallest; 1 where that is unknown."""
        return float(self.stats.get("imbalance") or 1.0)

    @property
    def usual_epochs(self) -> int:
        """Passes where rows are plenty: 3, or 6 for many classes, or 10 where a narrow encoder marks tokens."""
        return 10 if self.small_of_tokens else 6 if self.many_classes else 3

    @property
    def epochs(self) -> int:
        """Passes with as many rows a step as are proposed."""
        return self.passes(self.batch)

    def passes(self, batch: int) -> int:
        """The usual passes, and more where that would be few steps of so many rows."""
        return max(self.usual_epochs, min(MOST_EPOCHS, math.ceil(FEW_STEPS / math.ceil(max(self.rows, 1) / batch))))

    @property
    def paired_epochs(self) -> int:
        """Passes of a training whose epoch shows each row in four pairs, so that it has some 300 steps too."""
        return max(2, min(MOST_EPOCHS, round(FEW_STEPS / math.ceil(4 * max(self.rows, 1) / self.batch))))

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps of one pass over the training rows."""
        return math.ceil(max(self.rows, 1) / self.batch)


__all__ = [
    "FEW_ROWS",
    "FEW_STEPS",
    "MANY_CLASSES",
    "MOST_EPOCHS",
    "VERY_NARROW",
    "Case",
    "Machine",
    "ModelFacts",
    "Size",
]
