"""What a tagger minimises: the cross-entropy of its tokens."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from tunebook.bundle.pieces import FIRST, PART
from tunebook.core.batch import Batch, Criterion, Items, Sequences, model_inputs
from tunebook.core.encoded import Encoded
from tunebook.core.nouns import Labels
from tunebook.core.settings import Filled
from tunebook.nets.classify import Classify, class_weights
from tunebook.nets.linear_chain import by_rows
from tunebook.tasks.tagging.batches import CLASS, ROW
from tunebook.tasks.tagging.tags import IGNORED, classes, grammar, tags_of


@dataclass(frozen=True)
class Tag(Criterion):
    """A loss of single tokens: a mean over all that are counted, each with the weight of its row and of its tag.

    Attributes:
        each: the loss of rows, of which each token is one.
    """

    each: Classify

    @classmethod
    def of(cls, labels: Labels, params: Filled, rows: Encoded) -> Tag:
        """For these settings, class weights by the tokens of these rows."""
        tags = tags_of(labels)
        rule, smoothing = params.class_weights, params.label_smoothing
        weights = None
        if rule != "none":
            found = classes(rows)
            weights = class_weights(found[found != IGNORED], tags, rule)
        return cls(Classify("softmax", None if weights is None else torch.from_numpy(weights), smoothing))

    def flat(self, outputs: Any, batch: Batch) -> Items:
        """The counted tokens of all rows, one after the other."""
        where = batch[CLASS] != IGNORED
        return self.each.flat(SimpleNamespace(logits=outputs.logits[where]), _tokens(batch))

    def loss(self, model: Any, batch: Batch) -> tuple[Tensor, Any]:
        """Mean over the counted tokens."""
        outputs = model(**model_inputs(batch))
        logits = outputs.logits[batch[CLASS] != IGNORED]
        mean, _ = self.each.loss(lambda **_: SimpleNamespace(logits=logits), _tokens(batch))
        return mean, outputs

    def sequences(self, outputs: Any, batch: Batch) -> Sequences:
        """The pieces of each row, by their first tokens, whichever windows they are in; the tokens behind the first of
        a piece stand in no sequence."""
        items, where = self.flat(outputs, batch), batch[CLASS] != IGNORED
        row = batch[ROW][:, None].expand_as(where)[where]
        first = batch[PART][where] == FIRST
        logits, real = by_rows(items.logits[first], row[first])
        targets, _ = by_rows(items.targets[first], row[first])
        weights, _ = by_rows(items.weights[first], row[first])
        begins, follows = (torch.from_numpy(part).to(row.device) for part in grammar(logits.shape[-1]))
        others = Items(items.logits[~first], items.targets[~first], items.weights[~first])
        return Sequences(logits, targets, real, weights[:, 0], begins, follows, others)

    def counts(self, batch: Batch) -> Tensor:
        """The counted tokens of each window, or the sum of their weights."""
        own = (batch[CLASS] != IGNORED).nonzero()[:, 0]
        weights = self.each.counts(_tokens(batch))
        return weights.new_zeros(len(batch[CLASS])).index_add(0, own, weights)


def _tokens(batch: Batch) -> Batch:
    """The counted tokens as rows with a label each."""
    where = batch[CLASS] != IGNORED
    labels = batch[CLASS][where]
    if "sample_weight" not in batch:  # weights in any case: of no token at all the mean is 0
        return {"labels": labels, "sample_weight": torch.ones(len(labels), device=labels.device)}
    return {"labels": labels, "sample_weight": batch["sample_weight"][:, None].expand_as(where)[where]}


__all__ = ["Tag"]
