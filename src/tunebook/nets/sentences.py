"""An encoder of transformers that gives one vector a text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.utils import ModelOutput

from tunebook.models.sentences import Sentences
from tunebook.nets.alike import groups


@dataclass
class Vectors(ModelOutput):  # type: ignore[misc]
    """Vectors of texts as `logits`, shape (texts, width), and what transformers itself gives."""

    logits: Tensor | None = None
    last_hidden_state: Tensor | None = None
    hidden_states: Any = None
    attentions: Any = None


class SentenceEncoder(PreTrainedModel):  # type: ignore[misc]
    """A model of transformers under its own name in it (`bert` ...), as its classifiers have it; so what is saved loads
    as that model.

    Args:
        body: of transformers; how: what becomes of the vectors of its tokens.
    """

    unused = ("pooler",)  # modules of the body that no vector goes through
    supports_gradient_checkpointing = True
    _supports_sdpa = _supports_flash_attn = _supports_flex_attn = _supports_attention_backend = True

    def __init__(self, body: PreTrainedModel, how: Sentences) -> None:
        super().__init__(body.config)
        self.base_model_prefix = body.base_model_prefix
        self.add_module(body.base_model_prefix, body)
        self.how = how

    def get_input_embeddings(self) -> Any:
        """Those of the body."""
        return self.base_model.get_input_embeddings()

    def set_input_embeddings(self, value: Any) -> None:
        """Those of the body."""
        self.base_model.set_input_embeddings(value)

    def forward(self, attention_mask: Tensor, **inputs: Any) -> Vectors:
        """Vectors in float32 of texts that are padded on the right.

        On a CPU texts of like length are read together, and then there are vectors alone, unless somebody watches the
        model from inside.
        """
        parts = self._parts(attention_mask, inputs)
        if len(parts) < 2:
            return self.at_once(attention_mask, **inputs)
        given, made = {"attention_mask": attention_mask, **inputs}, list[Tensor]()
        for part in parts:
            longest = int(attention_mask[part[0]].sum())
            vectors = self.at_once(**{name: value[part, :longest] for name, value in given.items()}).logits
            assert vectors is not None
            made.append(vectors)
        back = torch.empty(len(attention_mask), dtype=torch.long)
        back[torch.cat(parts)] = torch.arange(len(back))
        return Vectors(torch.cat(made)[back])

    def _parts(self, mask: Tensor, inputs: dict[str, Any]) -> list[Tensor]:
        """The texts of each pass; none where all are read at once."""
        plain = all(torch.is_tensor(value) and value.shape == mask.shape for value in inputs.values())
        if mask.device.type != "cpu" or not plain or any(_watched(module) for module in self.modules()):
            return []
        return [torch.from_numpy(part) for part in groups(mask.sum(1).numpy())]

    def at_once(self, attention_mask: Tensor, **inputs: Any) -> Vectors:
        """The same in one pass, whatever their lengths."""
        found = self.base_model(attention_mask=attention_mask, **inputs)
        made = of_tokens(found.last_hidden_state, attention_mask, self.how)
        return Vectors(made.logits, found.last_hidden_state, found.get("hidden_states"), found.get("attentions"))

    def save_pretrained(self, folder: str, **more: Any) -> None:
        """The body as transformers loads it, with what sentence-transformers needs beside it."""
        super().save_pretrained(folder, **more)
        self.how.write(Path(folder), self.config.hidden_size)


def _watched(module: nn.Module) -> bool:
    """Whether somebody reads or changes what goes into a module or comes out of it, who expects all texts at once."""
    return bool(module._forward_hooks or module._forward_pre_hooks)


def of_tokens(hidden: Tensor, mask: Tensor, how: Sentences) -> Vectors:
    """Vectors of texts of those of their tokens (texts, length, width); `mask` as `pooled` has it."""
    vectors = pooled(hidden.float(), mask, how.pooling)
    return Vectors(F.normalize(vectors, dim=1) if how.normalize else vectors, hidden)


def pooled(hidden: Tensor, mask: Tensor, how: str) -> Tensor:
    """One vector a text, shape (texts, width), of those of its tokens (texts, length, width); `mask` is 1 for tokens,
    which come before the padding."""
    if how == "cls":
        return hidden[:, 0]
    if how == "last":
        return hidden[torch.arange(len(hidden), device=hidden.device), mask.sum(1) - 1]
    weights = mask.to(hidden)[..., None]
    return (hidden * weights).sum(1) / weights.sum(1).clamp_min(1e-9)


__all__ = ["SentenceEncoder", "Vectors", "of_tokens", "pooled"]
