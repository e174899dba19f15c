"""Frozen lower layers whose outputs are known: a pass of the model begins above them.

What frozen layers without dropout make of a text follows from its tokens alone. So it is looked up by them, whatever
batch the text stands in; the model's own code runs on, with its own masks, from the first layer that is trained. A
pass is computed in full wherever that would be another one: a token that is not known, a hook on one of these layers,
a weight in them that is trained, states of theirs that somebody wants to see.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import xxhash
from numpy.typing import NDArray
from torch import Tensor, nn

from tunebook.core.batch import Batch
from tunebook.core.errors import ModelError
from tunebook.models.architecture import depths, frozen_modules

COLUMNS = ("input_ids", "token_type_ids")  # what a text consists of
_ASKED = ("output_hidden_states", "output_attentions")
_PLAIN = frozenset({*COLUMNS, "attention_mask", "return_dict", "use_cache", *_ASKED})
_OWN_HOOKS = "transformers.utils.output_capturing"  # do nothing unless somebody asks for states
Line = tuple[NDArray[np.int64], ...]  # the tokens of a text, a row for each of `COLUMNS` that the model reads


@dataclass(frozen=True)
class Cut:
    """Where a model is cut.

    Attributes:
        body: what reads tokens; layers: those below the cut, from the bottom.
        modules, weights: all that these and the embeddings hold; of weights and buffers with their names in the model.
    """

    body: Any
    layers: tuple[nn.Module, ...]
    modules: tuple[nn.Module, ...]
    weights: Mapping[str, Tensor]

    @property
    def device(self) -> torch.device:
        """Of the weights."""
        return next(iter(self.weights.values())).device

    @property
    def thawed(self) -> bool:
        """Whether something below the cut is trained."""
        return any(item.requires_grad for item in self.weights.values())

    @property
    def watched(self) -> bool:
        """Whether somebody reads or changes what is below the cut."""
        return hooked(self.modules)


def hooked(modules: Iterable[nn.Module]) -> bool:
    """Whether somebody hangs on one of some modules."""
    return any(
        getattr(hook, "__module__", "") != _OWN_HOOKS
        for module in modules
        if module._forward_hooks or module._forward_pre_hooks
        for hook in (*module._forward_hooks.values(), *module._forward_pre_hooks.values())
    )


def asked_for(given: Mapping[str, Any], config: Any) -> bool:
    """Whether a pass is to give the states or the attention of its layers."""
    return any(given.get(name, getattr(config, name, False)) for name in _ASKED)


def find_cut(model: Any) -> Cut | None:
    """The lowest layers of which nothing is trained, nor of the embeddings; None where there are none. Of an encoder
    with a decoder, those of the encoder."""
    from transformers import PreTrainedModel

    try:
        found = depths(model)
    except ModelError:
        return None
    trained = [found.of[name] for name, item in model.named_parameters() if item.requires_grad]
    prefix = found.prefix
    names = [name for name in found.modules if name.startswith(f"{prefix}.")]
    count = min([depth - 1 for depth in trained] + [len(names)])
    if count < 1:
        return None
    parents = [prefix.rsplit(".", place)[0] for place in range(1, prefix.count(".") + 1)]
    bodies = [module for name in (*parents, "") if isinstance(module := model.get_submodule(name), PreTrainedModel)]
    if not bodies:
        return None
    layers = tuple(model.get_submodule(name) for name in names[:count])
    modules = {part: None for module in frozen_modules(model, count) for part in module.modules()}
    weights = {name: item for name, item in model.named_parameters() if found.of[name] <= count}
    buffers = {
        name: item for name, item in model.named_buffers() if model.get_submodule(name.rpartition(".")[0]) in modules
    }
    return Cut(bodies[0], layers, tuple(modules), weights | buffers)


def key_of(line: Line) -> bytes:
    """By which a text is known."""
    digest = xxhash.xxh3_128()
    for column in line:
        digest.update(column.tobytes())
    return digest.digest()


def lines_of(batch: Mapping[str, Any]) -> list[Line] | None:
    """The texts of a batch without padding; None where they do not stand on the left."""
    ids, mask = batch["input_ids"], batch.get("attention_mask")
    if ids.dim() != 2 or (mask is not None and mask.shape != ids.shape):
        return None
    columns = [batch[name].cpu().numpy() for name in COLUMNS if batch.get(name) is not None]
    if mask is None:
        return [tuple(column[row] for column in columns) for row in range(len(ids))]
    real = mask.cpu().numpy().astype(bool)
    lengths = real.sum(1)
    if not np.array_equal(real, np.arange(ids.shape[1]) < lengths[:, None]):
        return None
    return [tuple(column[row, :length] for column in columns) for row, length in enumerate(lengths)]


@dataclass
class Known:
    """What the layers below the cut make of texts.

    Attributes:
        states: of all tokens, one text after the other, shape (tokens, width).
        places: key of a text -> its first token and the one after its last.
    """

    states: Tensor
    places: Mapping[bytes, tuple[int, int]]

    def of(self, lines: Sequence[Line], width: int, device: torch.device) -> Tensor | None:
        """Of texts side by side, shape (texts, width, hidden), 0 for padding; None where one is not known."""
        found = [self.places.get(key_of(line)) for line in lines]
        if None in found:
            return None
        out = self.states.new_zeros((len(lines), width, self.states.shape[1]))
        for row, (start, end) in enumerate(place for place in found if place is not None):
            out[row, : end - start] = self.states[start:end]
        return out.to(device)


class _ReachedError(Exception):
    """A pass has come to the cut."""

    def __init__(self, out: Any) -> None:
        super().__init__()
        self.out = out


@dataclass
class FrozenLayers:
    """The layers below a cut, whose dropout is off.

    Attributes:
        known: what they make of texts; None where every pass is computed.
        first: whether above the cut only the first token of a text is read, so that the others need not be known.
        passes: how many there were, by what was done: `known`, or why not.
        borrowed: seconds of the processor that another training spent on what is known.
    """

    cut: Cut
    known: Known | None = None
    first: bool = False
    passes: dict[str, int] = field(default_factory=dict)
    borrowed: float = 0.0
    _rest: int = 0  # further outputs of a layer beside its states
    _autocast: Any = None

    def states(self, batch: Batch) -> Tensor:
        """What they make of a batch, shape (texts, longest, hidden), computed; the layers above do not run.

        Raises:
            ModelError: `model.layers`, the last of them is not reached, hands more on than its states, or these hang on
                what is trained.
        """
        last = self.cut.layers[-1]
        whole, self._autocast = last.forward, _arithmetic()

        def reach(*args: Any, **given: Any) -> Any:
            raise _ReachedError(whole(*args, **given))

        out: Any = None
        try:
            with torch.enable_grad(), instead({last: reach}):
                self.cut.body(**batch)
        except _ReachedError as reached:
            out = reached.out
        states, *rest = out if isinstance(out, tuple) else (out,)
        if states is None or states.requires_grad or any(item is not None for item in rest):
            raise ModelError("model.layers", key=type(last).__name__, value=len(self.cut.layers))
        self._rest = len(rest) if isinstance(out, tuple) else -1
        found: Tensor = states
        return found

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, passes of the model begin above the cut where they may."""
        whole = self.cut.body.forward
        names = inspect.signature(whole)

        def forward(*args: Any, **given: Any) -> Any:
            if self.cut.thawed:
                self.known = None
                return whole(*args, **given)
            states, why = self._found(_flat(names, args, given))
            self.passes[why] = self.passes.get(why, 0) + 1
            self._settle()
            if states is None:
                return whole(*args, **given)
            with instead(self._skipped(states)):
                return whole(*args, **given)

        with instead({self.cut.body: forward}):
            yield

    def _settle(self) -> None:
        """Without dropout, whether they are computed or known, so that both draw the same random numbers."""
        if any(layer.training for layer in self.cut.layers):
            for module in self.cut.modules:
                module.training = False

    def _found(self, given: dict[str, Any]) -> tuple[Tensor | None, str]:
        """What the layers make of the inputs of a pass, and why it is known or not."""
        if self.known is None:
            return None, "off"
        config = self.cut.body.config
        if self.cut.watched or asked_for(given, config):
            return None, "watched"
        more = [name for name, value in given.items() if name not in _PLAIN and value is not None]
        lines = None if more or given.get("input_ids") is None else lines_of(given)
        if lines is None or _arithmetic() != self._autocast:
            return None, "inputs"
        ids = given["input_ids"]
        states = self.known.of(lines, ids.shape[1], ids.device)
        return states, "unknown" if states is None else "known"

    def _skipped(self, states: Tensor) -> dict[nn.Module, Callable[..., Any]]:
        def skip(*_: Any, **__: Any) -> Any:
            return states if self._rest < 0 else (states, *[None] * self._rest)

        return dict.fromkeys(self.cut.layers, skip)


def _arithmetic() -> Any:
    """The precision that holds now."""
    for device in ("cuda", "cpu"):
        if torch.is_autocast_enabled(device):
            return torch.get_autocast_dtype(device)
    return None


def _flat(names: inspect.Signature, args: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Inputs by their names."""
    bound = names.bind(*args, **given)
    found: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        found |= value if names.parameters[name].kind is inspect.Parameter.VAR_KEYWORD else {name: value}
    return found


@contextmanager
def instead(forwards: Mapping[nn.Module, Callable[..., Any]]) -> Iterator[None]:
    """Inside, modules do something else than they do."""
    before = {module: module.__dict__.get("forward") for module in forwards}
    try:
        for module, forward in forwards.items():
            module.forward = forward
        yield
    finally:
        for module, own in before.items():
            if own is None:
                module.__dict__.pop("forward", None)
            else:
                module.forward = own


__all__ = [
    "COLUMNS",
    "Cut",
    "FrozenLayers",
    "Known",
    "Line",
    "asked_for",
    "find_cut",
    "hooked",
    "instead",
    "key_of",
    "lines_of",
]
