"""What a proposal needs to know of the base model and of the machine."""

from __future__ import annotations

from typing import Literal

from tunebook.core.nouns import Record

Size = Literal["small", "base", "large"]


class ModelFacts(Record):
    """A base model in figures.

    Attributes:
        name: as it stands in the row base_model.
        hidden: width of its layers.
        layers: number of its layers.
        parameters: all of them, the embeddings too.
        max_positions: tokens that it can read at once.
    """

    name: str
    hidden: int
    layers: int
    parameters: int
    max_positions: int

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


__all__ = ["Machine", "ModelFacts", "Size"]
