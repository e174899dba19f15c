"""Shifts of embedded words: what adversarial methods and noisy embeddings add to a text.

The output of the word embedding is shifted, not its matrix. So it also works where the matrix is frozen or changed by
LoRA, each row of a batch has a shift of its own, and padding has none. Norms are those of a row's whole shift, over its
tokens and their numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from tunebook.core.batch import PART
from tunebook.core.params import Row, Search
from tunebook.core.technique import Batch, LossFn, RunContext

Shift = Callable[[Tensor], Tensor]
# Rows of the table that several techniques declare alike, save for the names that other tools give them.
LENGTH = Row(
    "length of each row's shift; an embedded word has a length of about 1",
    zh="每条样本扰动的长度；一个词嵌入的长度约为 1",
    search=Search(0.02, 1, log=True),
)
RADIUS = Row(
    "largest length of a row's shift; an embedded word has a length of about 1",
    zh="每条样本扰动的最大长度；一个词嵌入的长度约为 1",
    search=Search(0.02, 1, log=True),
)
RATE = Row("length of one step of the shift", zh="扰动每一步的长度", search=Search(0.01, 0.5, log=True))
Weight = Annotated[
    float, Field(ge=0), Row("what the shifted loss counts beside the clean one", zh="扰动后的损失相对于原损失的权重")
]
_SCALE = 2.0**12  # only the direction of a gradient counts, and in fp16 a small one would underflow


@contextmanager
def shifted(model: Any, shift: Shift, batch: Batch) -> Iterator[None]:
    """Inside, `shift(embedded)` is added to what the word embedding gives out, of shape (rows, length, width); where
    the rows of the batch stand in one line, or a pass reads some of them alone (`core.batch.reading`), it is asked of
    all side by side all the same. A pass over some of them of which nothing is learnt is left as it is."""
    mask = batch.get("attention_mask")

    def hook(module: nn.Module, given: Any, embedded: Tensor) -> Tensor:
        part = batch.get(PART)
        if mask is None or (part is None and embedded.shape[:2] == mask.shape):
            return embedded + shift(embedded).to(embedded.dtype)
        if part is not None and not torch.is_grad_enabled():
            return embedded
        return embedded + _in_place(shift, embedded, mask.bool(), part)

    handle = _words(model).register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def _in_place(shift: Shift, embedded: Tensor, real: Tensor, part: Tensor | None) -> Tensor:
    """The shift of all rows, at the places where a pass reads the tokens of some: side by side or in one line.

    Args:
        real: tokens and no padding, shape (rows, length); part: the rows that are read, None for all.
    """
    where = real if part is None else real & part[:, None]
    here = where if part is None else where[part, : embedded.shape[1]]
    if embedded.shape[:2] != here.shape:
        here = torch.ones_like(embedded[..., 0], dtype=torch.bool)
    rows = embedded.new_zeros((*where.shape, embedded.shape[-1])).masked_scatter(where[..., None], embedded[here])
    return torch.zeros_like(embedded).masked_scatter(here[..., None], shift(rows)[where].to(embedded.dtype))


def _words(model: Any) -> Any:
    """The embedding of the text that is read: that of the encoder, where a decoder has one too."""
    both = getattr(getattr(model, "config", None), "is_encoder_decoder", False)
    return (model.get_encoder() if both else model).get_input_embeddings()


def real(batch: Batch, embedded: Tensor) -> Tensor:
    """1 for each token, 0 for padding; shape (rows, length, 1)."""
    mask = batch.get("attention_mask")
    kept = embedded.new_ones(embedded.shape[:2]) if mask is None else mask
    return kept[..., None].to(torch.float32)


def uniform(embedded: Tensor, mask: Tensor, size: float, source: torch.Generator | None = None) -> Tensor:
    """Noise between -s and s with s = size / sqrt(tokens of the row * width), on real tokens alone."""
    noise = torch.rand(embedded.shape, generator=source, device=embedded.device) * 2 - 1
    numbers = mask.sum(dim=(1, 2), keepdim=True).clamp_min(1) * embedded.shape[-1]
    return noise * mask * (size / numbers.sqrt())


def norms(shift: Tensor) -> Tensor:
    """Length of each row's shift, shape (rows,)."""
    found: Tensor = shift.flatten(1).norm(dim=1)
    return found


def unit(shift: Tensor) -> Tensor:
    """Each row's shift with the length 1; one that is zero stays so."""
    return shift / norms(shift).clamp_min(torch.finfo(torch.float32).tiny)[:, None, None]


def within(shift: Tensor, radius: float) -> Tensor:
    """The nearest shift whose length is at most `radius` in each row."""
    factor = radius / norms(shift).clamp_min(radius)
    return shift * factor[:, None, None]


@dataclass
class Point:
    """The model at one shift of the embedded words.

    Attributes:
        loss: mean over the items of the micro-batch.
        shift: leaf tensor of shape (rows, length, width) of which the loss has a gradient.
        mask: 1 for each token, 0 for padding; shape (rows, length, 1).
    """

    loss: Tensor
    outputs: Any
    shift: Tensor
    mask: Tensor

    def uphill(self, of: Tensor | None = None, *, keep: bool = False) -> Tensor:
        """Direction of length 1 a row in which the loss (or `of`) rises fastest. Parameters get no gradient from it.

        Args:
            keep: the loss is minimised afterwards, so its graph is still needed.
        """
        wanted = self.loss if of is None else of
        (found,) = torch.autograd.grad(wanted * _SCALE, self.shift, retain_graph=keep)
        return unit(torch.nan_to_num(found, posinf=0.0, neginf=0.0) * self.mask)


class Attack:
    """Forward passes over one micro-batch, each at a shift, all with the same random draws.

    Dropout that differed between the passes would be mistaken for the effect of the shift; a pass therefore begins with
    torch's generators as the first one found them.
    """

    def __init__(self, inner: LossFn, run: RunContext, model: nn.Module, batch: Batch) -> None:
        self.inner = inner
        self.run = run
        self.model = model
        self.batch = batch
        self.device = next(run.model.parameters()).device
        self.noise = torch.Generator(self.device)  # of its own, so that it takes nothing from the passes' draws
        self._began: list[Tensor] = []

    def draw(self) -> torch.Generator:
        """A generator for noise, before the first pass: what it gives follows from torch's own."""
        self.noise.manual_seed(int(torch.empty((), dtype=torch.int64).random_()))
        return self.noise

    def at(self, shift: Shift | Tensor | None = None) -> Point:
        """The loss at a shift: a tensor, a function of the embedded words, or none at all."""
        self._same_draws()
        seen: list[tuple[Tensor, Tensor]] = []

        def add(embedded: Tensor) -> Tensor:
            value = torch.zeros_like(embedded) if shift is None else shift
            value = value if isinstance(value, Tensor) else value(embedded)
            leaf = value.detach().float().requires_grad_()
            seen.append((leaf, real(self.batch, embedded)))
            return leaf

        with shifted(self.run.model, add, self.batch):
            loss, outputs = self.inner(self.model, self.batch)
        return Point(loss, outputs, *seen[0])

    def _same_draws(self) -> None:
        cuda = self.device.type == "cuda"
        if not self._began:
            self._began = [torch.get_rng_state(), *([torch.cuda.get_rng_state(self.device)] if cuda else [])]
            return
        torch.set_rng_state(self._began[0])
        if cuda:
            torch.cuda.set_rng_state(self._began[1], self.device)


def shifted_too(
    inner: LossFn, run: RunContext, key: str, weight: float, find: Callable[[Attack, Point], Tensor]
) -> LossFn:
    """A loss plus a weight times that of the same rows at the shift which `find` looks for from the clean point; the
    loss itself for no weight."""
    if not weight:
        return inner

    def loss(model: Any, batch: Batch) -> Any:
        attack = Attack(inner, run, model, batch)
        clean = attack.at()
        shift = find(attack, clean)
        worse = attack.at(shift)
        tell(run, key, shift, mean_loss=worse.loss)
        return clean.loss + weight * worse.loss, clean.outputs

    return loss


def tell(run: RunContext, key: str, shift: Tensor, **means: Tensor) -> None:
    """Count the rows that were shifted; keep the mean length of their shifts and of each further figure.

    A shift that is zero everywhere counts nothing, so that a run whose technique only seemed to act fails.
    """
    lengths = norms(shift.detach())
    rows = int((lengths > 0).sum())
    if not rows:
        return
    run.acted(key, rows=rows)
    share = rows / run.counters[key]["rows"]
    for name, value in {"mean_norm": lengths.sum() / rows, **means}.items():
        before = run.counters[key].get(name, 0.0)
        run.noted(key, **{name: before + share * (float(value.detach()) - before)})


__all__ = [
    "LENGTH",
    "RADIUS",
    "RATE",
    "Attack",
    "Point",
    "Shift",
    "Weight",
    "norms",
    "real",
    "shifted",
    "shifted_too",
    "tell",
    "uniform",
    "unit",
    "within",
]
