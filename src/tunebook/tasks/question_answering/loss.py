"""What is minimised: the cross-entropy of the tokens at which an answer starts and ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from torch import Tensor

from tunebook.bundle.answer_windows import INSIDE
from tunebook.core.batch import Batch, Criterion, Items, model_inputs

_NEVER = -1e4  # logit of a token at which no answer can start or end: finite, so that no gradient is lost


def open_logits(outputs: Any, batch: Batch) -> tuple[Tensor, Tensor]:
    """Logits of start and end, (windows, longest), float32: of tokens of the context and of the first one, which stands
    for no answer; others never are any."""
    allowed = batch[INSIDE] > 0
    allowed[:, 0] = True
    start, end = outputs.start_logits.float(), outputs.end_logits.float()
    return start.masked_fill(~allowed, _NEVER), end.masked_fill(~allowed, _NEVER)


@dataclass(frozen=True)
class Find(Criterion):
    """The mean over windows of the cross-entropies of start and end, each window with the weight of its row."""

    def loss(self, model: Any, batch: Batch) -> tuple[Tensor, Any]:
        """Mean over the windows."""
        outputs = model(**model_inputs(batch))
        sides = zip(open_logits(outputs, batch), batch["labels"].unbind(1), strict=True)
        each = torch.stack([F.cross_entropy(logits, targets, reduction="none") for logits, targets in sides])
        return self.mean(each.mean(0), batch), outputs

    def counts(self, batch: Batch) -> Tensor:
        """The weight of each window."""
        ones = torch.ones(len(batch["labels"]), device=batch["labels"].device)
        weights: Tensor = batch.get("sample_weight", ones)
        return weights

    def flat(self, outputs: Any, batch: Batch) -> Items:
        """The starts of all windows, then their ends."""
        weights = self.counts(batch)
        return Items(torch.cat(open_logits(outputs, batch)), batch["labels"].T.flatten(), torch.cat([weights, weights]))


__all__ = ["Find", "open_logits"]
