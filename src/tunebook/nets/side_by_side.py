"""Rows of a decoder one after the other in one line, without padding: none sees another, positions begin anew.

Most passes over rows of uneven length are padding. A line of rows has none; transformers tells from the positions where
a row begins and masks the others out. With torch's kernel its mask of all tokens by all tokens costs more than the
padding did, so there each row's attention is computed by itself.

An architecture that knows nothing of this (attention by distance, states that run on) answers otherwise. So the answers
of a few rows are compared with those that each gets alone before a training begins.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tunebook.core.batch import Batch
from tunebook.nets.attention import NAME as BLOCKED
from tunebook.nets.evaluated import evaluated

NAME = "tunebook_rows"
_INPUTS = frozenset({"input_ids", "attention_mask"})
_NEAR = 1e-4  # of the largest logit: what sums in another order make of it


@dataclass(frozen=True)
class RowsOfLine:
    """In place of a mask: first and last token (exclusive) of each row of a line, and what it sees of itself where that
    is not all that stands before."""

    parts: tuple[tuple[int, int, Tensor | None], ...]


def in_one_line(inputs: Batch) -> tuple[Batch, Tensor] | None:
    """A batch of rows (rows, longest) as inputs of one line, and which places those of the line were; None where the
    rows have more than tokens.

    The cache is off, since transformers takes a line for one text where there is one.
    """
    if inputs.keys() != _INPUTS:
        return None
    real = inputs["attention_mask"].bool()
    positions = real.cumsum(1) - 1
    line = {"input_ids": inputs["input_ids"][real][None], "position_ids": positions[real][None], "use_cache": False}
    return line, real


Logits = Callable[[Any, Batch], Tensor]


def answers_alike(model: nn.Module, batches: Sequence[Batch], alone: Logits, one: Logits) -> bool:
    """Whether a model answers rows in one line as it answers each of them alone.

    Args:
        batches: the batch of all of them, and one of each; alone, one: the logits of a batch in either way.
    """
    together, *single = batches
    try:
        with torch.no_grad(), evaluated(model), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of PEFT, which passes positions over; what comes of it is seen here
            wanted = torch.cat([alone(model, batch) for batch in single])
            found = one(model, together)
        limit = _NEAR * wanted.abs().max().clamp_min(1.0)
        return found.shape == wanted.shape and bool(((found - wanted).abs().max() <= limit).item())
    except Exception:  # it takes no positions, or no line: architectures raise a dozen kinds
        return False


def attend_by_rows(model: nn.Module) -> Callable[[], None] | None:
    """Let a model with torch's kernel compute the attention of each row of a line by itself; all else stays as it is.

    Returns:
        What takes that back; None where nothing was changed.
    """
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    config: Any = getattr(model, "config", None)
    before = getattr(config, "_attn_implementation", None)
    if before not in ("sdpa", BLOCKED):
        return None
    name = f"{NAME}_{before}"
    ALL_ATTENTION_FUNCTIONS.register(name, _by_rows(ALL_ATTENTION_FUNCTIONS[before]))
    ALL_MASK_ATTENTION_FUNCTIONS.register(name, mask)
    config._attn_implementation = name

    def back() -> None:
        config._attn_implementation = before

    return back


def _by_rows(whole: Callable[..., tuple[Tensor, None]]) -> Callable[..., tuple[Tensor, None]]:
    """An attention that hands a line's rows to another one, one after the other."""

    def attention(
        module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Any, **options: Any
    ) -> tuple[Tensor, None]:
        if not isinstance(attention_mask, RowsOfLine):
            return whole(module, query, key, value, attention_mask, **options)
        parts = []
        for start, end, seen in attention_mask.parts:
            own = (item[:, :, start:end] for item in (query, key, value))
            parts.append(whole(module, *own, seen, **options)[0])
        return torch.cat(parts, dim=1), None

    return attention


def mask(batch_size: int, q_length: int, kv_length: int, *args: Any, **options: Any) -> Any:
    """The rows of a line where there is one, else transformers' own mask."""
    from transformers.masking_utils import causal_mask_function, sdpa_mask

    line = batch_size == 1 and q_length == kv_length > 1 and options.get("attention_mask") is None
    if line and not options.get("allow_is_causal_skip", True) and not options.get("use_vmap"):
        return rows_of(options.get("mask_function", causal_mask_function), q_length, options.get("device", "cpu"))
    return sdpa_mask(batch_size, q_length, kv_length, *args, **options)


def rows_of(sees: Callable[..., Tensor], length: int, device: Any = "cpu") -> RowsOfLine:
    """Where rows begin: with each token that does not see the one before it."""
    none = torch.zeros((), dtype=torch.long, device=device)
    places = torch.arange(length, device=device)
    begins = torch.cat([none.bool()[None], ~sees(none, none, places[1:], places[:-1])])
    starts = [0, *begins.nonzero()[:, 0].tolist()]
    ends = [*starts[1:], length]
    last, first = torch.tensor(ends, device=device) - 1, torch.tensor(starts, device=device)
    whole = sees(none, none, last, first).tolist()  # the last token sees the first

    def own(start: int, end: int) -> Tensor:
        return sees(none, none, places[start:end, None], places[None, start:end])[None, None]

    return RowsOfLine(
        tuple(
            (start, end, None if seen else own(start, end))
            for start, end, seen in zip(starts, ends, whole, strict=True)
        )
    )


__all__ = ["NAME", "RowsOfLine", "answers_alike", "attend_by_rows", "in_one_line", "mask", "rows_of"]
