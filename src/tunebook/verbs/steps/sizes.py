"""What a model's costs depend on: its parameters and how wide it is, and the memory that a training of it takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tunebook.core.settings import Filled
from tunebook.models.architecture import Architecture
from tunebook.models.cpu_speed import bf16_gain, may_have_gpu
from tunebook.verbs.steps.passes import Read

_BASE = 600 << 20  # Python, torch, transformers and the rows, before any model
_KERNELS = 256 << 20  # products of bfloat16 that a CPU has compiled, one for each shape
_KEPT = 4.5  # bytes for the way back, for each number that goes into a product or comes out of it
_KEPT_HALF = 3.5  # the same where products are of 16 bits, and sums and norms are not
_CHUNK, _BUFFERS = 1 << 24, 3  # logits that are made at once, and how often they stand there
_BEFORE, _BESIDE = "prompt_encoder", ("lora_", "ia3_")  # parameters of PEFT: in front of all layers, beside products
_WEIGHTS = ("attention_probs_dropout_prob", "attention_dropout", "attn_pdrop", "dropout_rate")


@dataclass(frozen=True)
class Sizes:
    """What a model's costs depend on.

    Attributes:
        parameters: all of them; trained: those that training moves.
        lookups: those of embeddings, which are not multiplied.
        tensors: parameter tensors that are trained; modules: modules that hold no others.
        hidden, heads, layers: width and depth of the body.
        flow: numbers of a token that go into products or come out of them; kept: of these, those from the first trained
            parameter on.
        words: of the vocabulary that is the head; 0 where the head is another one.
        drops: attention drops some of its weights, which are then kept.
    """

    parameters: int
    lookups: int
    trained: int
    tensors: int
    modules: int
    hidden: int
    heads: int
    layers: int
    flow: int = 0
    kept: int = 0
    words: int = 0
    drops: bool = True


def sizes_of(model: Any) -> Sizes:
    """Of a model, which may be one without weights."""
    weights, config = dict(model.named_parameters()), model.config
    ends = [_weight(model, "get_input_embeddings"), _weight(model, "get_output_embeddings")]
    inner = {name: item for name, item in weights.items() if not any(item is end for end in ends)}
    first = any(item.requires_grad for name, item in weights.items() if item is ends[0] or _BEFORE in name)
    products = [(name, tuple(item.shape), first := first or item.requires_grad) for name, item in inner.items()]
    return Sizes(
        parameters=sum(item.numel() for item in weights.values()),
        lookups=sum(item.numel() for name, item in weights.items() if "embeddings." in name),
        trained=sum(item.numel() for item in weights.values() if item.requires_grad),
        tensors=sum(1 for item in weights.values() if item.requires_grad),
        modules=sum(1 for module in model.modules() if next(module.children(), None) is None),
        hidden=int(getattr(config, "hidden_size", 768)),
        heads=int(getattr(config, "num_attention_heads", 12)),
        layers=int(getattr(config, "num_hidden_layers", 12)),
        flow=_flow((name, shape) for name, shape, _ in products),
        kept=_flow((name, shape) for name, shape, back in products if back),
        words=0 if ends[1] is None else int(ends[1].shape[0]),
        drops=any(getattr(config, name, 0.0) for name in _WEIGHTS),
    )


def sizes_of_kind(kind: Architecture) -> Sizes:
    """Of an encoder that is trained whole, told from its config; as a rule its attention drops some weights."""
    every, flow = kind.parameters, _flow(kind.shapes.items())
    inner = (kind.hidden, kind.heads, kind.layers)
    return Sizes(every, kind.lookups, every, len(kind.shapes), kind.modules, *inner, flow, flow)


def _weight(model: Any, getter: str) -> Any:
    try:
        return getattr(getattr(model, getter)(), "weight", None)
    except (AttributeError, NotImplementedError):  # it reads or writes no words
        return None


def _flow(shapes: Iterable[tuple[str, tuple[int, ...]]]) -> int:
    """Inputs and outputs of all matrices but those that are looked up, or stand beside others."""
    aside = ("embeddings.", _BEFORE, *_BESIDE)
    return sum(sum(shape) for name, shape in shapes if len(shape) == 2 and not any(one in name for one in aside))


def memory_bytes(sizes: Sizes, params: Filled, read: Read, passes: int) -> int:
    """Memory of a training at its peak: weights, gradients and moments, what the way back needs, a look at the
    validation rows, and logits. What one of these frees another seldom finds use for, so that they add up.

    What is kept for the way back goes by the inputs and outputs of products, as in Korthikanti et al. 2022
    (arXiv:2205.05198), formula 1, which counts 34 bytes for each of the hidden numbers in half precision: products of
    encoders have 18 inputs and outputs for each, gated ones more. Attention keeps its weights only where it drops some.

    Args:
        passes: forward passes of the training.
    """
    half = params.precision in ("bf16", "fp16") or (params.precision == "auto" and bf16_gain() > 1)
    width = _KEPT_HALF if half else _KEPT
    held = 4 * sizes.parameters + 12 * sizes.trained + (2 * sizes.parameters + _kernels() if half else 0)
    tokens = read.largest(params, passes)
    layer = sizes.flow / max(sizes.layers, 1)
    back = width * tokens * (layer + sizes.hidden * sizes.layers if params.gradient_checkpointing else sizes.kept)
    if sizes.drops:
        depth = 1.0 if params.gradient_checkpointing else sizes.layers * sizes.kept / max(sizes.flow, 1)
        back += 2 * width * tokens * read.lines.longest * sizes.heads * depth
    look = width * read.look(params) * layer
    chunk = min(_CHUNK, tokens * sizes.words)
    logits = 4 * (_BUFFERS * chunk + sizes.words * sizes.hidden) if sizes.words else 0
    return int(_BASE + held + back + look + logits)


def _kernels() -> int:
    if may_have_gpu():
        import torch

        return 0 if torch.cuda.is_available() else _KERNELS
    return _KERNELS


__all__ = ["Sizes", "memory_bytes", "sizes_of", "sizes_of_kind"]
