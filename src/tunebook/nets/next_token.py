"""The loss of language models: cross-entropy of the tokens that have a label, the head at these places alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from tunebook.core.batch import Batch, Criterion, Items, model_inputs
from tunebook.nets.masking import IGNORED
from tunebook.nets.side_by_side import answers_alike, attend_by_rows, in_one_line
from tunebook.nets.vocabulary_loss import Vocabulary, figures, mean_loss

_PROBE = 40.0  # a logit at which a cap shows
_EXACT, _ROUGH = 1e-3, 0.05  # how near a model's logits are to those that are made here, in float32 and in 16 bits
_AFTER: WeakKeyDictionary[nn.Module, tuple[float, float | None] | None] = WeakKeyDictionary()


@dataclass
class Seen:
    """What a model gave for a batch, whose logits are made when somebody asks for them.

    Attributes:
        outputs: of the model; its own logits are not those of the batch.
        vectors: what goes into the head at the places that have a target, shape (M, width); None where the head is no
            plain layer, and `given` holds the logits (M, words).
    """

    outputs: Any
    vectors: Tensor | None = None
    head: Vocabulary | None = None
    given: Tensor | None = None
    _figures: tuple[Tensor, Tensor] | None = field(default=None, init=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.outputs, name)

    @property
    def logits(self) -> Tensor:
        """Of shape (M, words), in float32."""
        if self.given is None:
            assert self.head is not None and self.vectors is not None
            self.given = self.head.logits(self.vectors)
        return self.given.float()

    def loss(self, targets: Tensor, weights: Tensor) -> Tensor:
        """Weighted mean over the targets, both of shape (M,); 0 where all weigh nothing."""
        if torch.is_grad_enabled() and self.head is not None and self.vectors is not None:
            return mean_loss(self.vectors, self.head, targets, weights)
        known = torch.is_grad_enabled()
        each = cross_entropy(self.logits, targets, reduction="none") if known else self.figures(targets)[0]
        return Items(each, targets, weights).mean(each)

    def figures(self, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of each target and whether it is what the model would have said, each of shape (M,)."""
        if self._figures is None:
            self._figures = self._made(targets)
        return self._figures

    def _made(self, targets: Tensor) -> tuple[Tensor, Tensor]:
        if self.head is not None and self.vectors is not None:
            return figures(self.vectors, self.head, targets)
        logits = self.logits
        return cross_entropy(logits, targets, reduction="none"), (logits.argmax(-1) == targets).float()


@dataclass(frozen=True)
class Predict(Criterion):
    """Cross-entropy of the tokens that have a label: a mean over them, each with the weight of its row.

    Attributes:
        ahead: how many tokens before its target a token's logits stand.
    """

    ahead: int
    padded: bool = True

    def where(self, batch: Batch) -> Tensor:
        """The places, shape (rows, tokens), whose logits have a target."""
        wanted = batch["labels"] != IGNORED
        return wanted if self.ahead == 0 else pad(wanted[:, self.ahead :], (0, self.ahead))

    def targets(self, batch: Batch) -> Tensor:
        """The targets of all rows, one after the other, shape (M,)."""
        labels: Tensor = batch["labels"][:, self.ahead :]
        return labels[labels != IGNORED]

    def flat(self, outputs: Any, batch: Batch) -> Items:
        """The targets of all rows, one after the other."""
        logits = outputs.logits if outputs.logits.dim() == 2 else outputs.logits[self.where(batch)]
        targets = self.targets(batch)
        return Items(logits.float(), targets, self.weights(batch))

    def seen(self, model: Any, batch: Batch) -> Seen:
        """What a model gives for a batch."""
        inputs, where = model_inputs(batch), self.where(batch)
        line = None if self.padded else in_one_line(inputs)
        if line is not None:
            inputs, real = line
            where = where[real][None]
        return passed(model, inputs, where)

    def without_padding(self, model: Any, batches: Sequence[Batch]) -> Predict | None:
        """The same over rows in one line; None where the model is shown to answer otherwise there."""
        if self.ahead == 0:  # it looks ahead too, and no mask is known for that
            return None
        one = replace(self, padded=False)
        back = attend_by_rows(model)
        if answers_alike(model, batches, lambda *of: self.seen(*of).logits, lambda *of: one.seen(*of).logits):
            return one
        if back is not None:
            back()
        return None

    def loss(self, model: Any, batch: Batch) -> tuple[Tensor, Any]:
        """Mean over the targets, and a `Seen`."""
        found = self.seen(model, batch)
        return found.loss(self.targets(batch), self.weights(batch)), found

    def weights(self, batch: Batch) -> Tensor:
        """What each target counts: what its row weighs, 1 where rows have no weights; shape (M,)."""
        where = self.where(batch)
        rows = batch.get("sample_weight", torch.ones(len(where), device=where.device))
        weights: Tensor = rows.float()[:, None].expand_as(where)[where]
        return weights

    def counts(self, batch: Batch) -> Tensor:
        """Number of targets of each row, times what the row weighs."""
        learnt = self.where(batch).sum(1).float()
        return learnt * batch["sample_weight"].float() if "sample_weight" in batch else learnt


def passed(model: Any, inputs: Batch, where: Tensor) -> Seen:
    """A forward pass in which the head, where it is a plain layer, has nothing to do.

    Args:
        where: places of the inputs at which it is asked, shape (rows, tokens).
    """
    last = getattr(model, "module", model).get_output_embeddings()
    plain = type(last) is nn.Linear and type(last.weight) is nn.Parameter
    if plain and (last not in _AFTER or _AFTER[last] is not None):
        with _before_head(last, where) as caught:
            outputs = model(**inputs)
        if caught and last not in _AFTER:
            _AFTER[last] = _after(last, outputs.logits, caught[0], getattr(model, "module", model).config)
        if caught and (after := _AFTER[last]) is not None:
            vectors, arithmetic, _ = caught[0]
            return Seen(outputs, vectors, Vocabulary(last.weight, last.bias, after[1], after[0], arithmetic))
        if not caught:
            return Seen(outputs, given=outputs.logits[where])
    with _only_at(last, where):
        outputs = model(**inputs)
    return Seen(outputs, given=outputs.logits if outputs.logits.dim() == 2 else outputs.logits[where])


@contextmanager
def _before_head(last: nn.Linear, where: Tensor) -> Iterator[list[tuple[Tensor, torch.dtype | None, Tensor]]]:
    """Inside, the last layer is asked of a few probes alone; what it would have been asked of is caught, with the
    arithmetic that held there."""
    caught: list[tuple[Tensor, torch.dtype | None, Tensor]] = []

    def hook(module: nn.Linear, given: tuple[Tensor, ...]) -> tuple[Tensor]:
        kind = given[0].device.type
        arithmetic = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None
        rows = module.weight.detach()[:: max(1, len(module.weight) // 2)][:2]
        probes = _PROBE * rows / rows.square().sum(1, keepdim=True).clamp_min(1e-6)
        caught.append((given[0][where], arithmetic, probes))
        return (probes.to(given[0].dtype) if module not in _AFTER else given[0][where][:0],)

    handle = last.register_forward_pre_hook(hook)
    try:
        yield caught
    finally:
        handle.remove()


@contextmanager
def _only_at(last: Any, where: Tensor) -> Iterator[None]:
    """Inside, the last layer works on these places alone: the logits of all tokens over a whole vocabulary would cost
    as much as a small encoder."""
    if not isinstance(last, nn.Module):
        yield
        return
    hook = last.register_forward_pre_hook(
        lambda module, given: (given[0][where], *given[1:]) if given and given[0].shape[:2] == where.shape else None
    )
    try:
        yield
    finally:
        hook.remove()


def _after(
    last: nn.Linear, said: Tensor, caught: tuple[Tensor, torch.dtype | None, Tensor], config: Any
) -> tuple[float, float | None] | None:
    """The scale and the cap by which a model's logits differ from what its last layer gives; None where it does
    something else with them."""
    _, arithmetic, probes = caught
    near = _EXACT if arithmetic is None and last.weight.dtype == torch.float32 else _ROUGH
    cap = getattr(config.get_text_config(), "final_logit_softcapping", None)
    with torch.no_grad():
        said = said.detach().float()
        bare = Vocabulary(last.weight, last.bias, arithmetic=arithmetic).logits(probes)
        most = bare.abs().argmax()
        scale = 1.0 if cap else float(said.flatten()[most] / bare.flatten()[most])
        scale = 1.0 if abs(scale - 1) < near else scale
        own = Vocabulary(last.weight, last.bias, cap, scale, arithmetic).logits(probes)
        if said.shape != own.shape or not bool(((said - own).abs().max() <= near * own.abs().max()).item()):
            return None
    return scale, cap


__all__ = ["Predict", "Seen", "passed"]
