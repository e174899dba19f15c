"""What is minimised: a loss of each pair of answers, or of each answer, from the log-probabilities of its tokens."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from tunebook.core.batch import Batch, Criterion, Items, reading
from tunebook.nets import preference
from tunebook.nets.preference import Answers
from tunebook.tasks.preference.batches import BEFORE, LEARNT, PLACE, ROW, UNASKED
from tunebook.tasks.preference.rows import PAIRED, PreferenceRows

_INPUTS = ("input_ids", "attention_mask")


def line_logs(model: Any, batch: Batch, lines: Tensor | None = None) -> Tensor:
    """Sum of the log-probabilities of the learnt tokens of lines of a batch, shape (lines,), in float32.

    Args:
        lines: which ones, as truths of shape (all lines,); None for all.
    """
    from tunebook.nets.next_token import passed
    from tunebook.nets.vocabulary_loss import losses

    inputs, learnt = {name: batch[name] for name in _INPUTS}, batch[LEARNT].bool()
    if lines is not None:
        longest = int(inputs["attention_mask"][lines].sum(1).max())
        inputs = {name: column[lines, :longest] for name, column in inputs.items()}
        learnt = learnt[lines, :longest]
    where = torch.nn.functional.pad(learnt[:, 1:], (0, 1))
    targets = inputs["input_ids"][:, 1:][learnt[:, 1:]]
    with nullcontext() if lines is None else reading(batch, lines):
        seen = passed(model, inputs, where)
    if seen.head is not None and seen.vectors is not None:
        each = losses(seen.vectors, seen.head, targets)
    else:
        each = torch.nn.functional.cross_entropy(seen.logits, targets, reduction="none")
    found: Tensor = -each.new_zeros(len(learnt)).index_add(0, where.nonzero()[:, 0], each)
    return found


def learnt_tokens(batch: Batch) -> Tensor:
    """Tokens of each line that are learnt, shape (lines,)."""
    found: Tensor = batch[LEARNT][:, 1:].sum(1)
    return found


def told(model: Any, batch: Batch) -> Any:
    """What a model says of the answers of a batch: `logits` (lines,), 0 of those behind prompts that are not theirs."""
    asked = batch[PLACE] < UNASKED
    if bool(asked.all()):
        return SimpleNamespace(logits=line_logs(model, batch))
    logs = line_logs(model, batch, asked)
    return SimpleNamespace(logits=logs.new_zeros(len(asked)).masked_scatter(asked, logs))


@dataclass(frozen=True)
class Preferring(Criterion):
    """The loss that the row `preference.loss` names: a mean over pairs, or with KTO over answers.

    A row of which nothing can be learnt counts nothing.

    Attributes:
        smoothing: share of the pairs that are taken to be the wrong way round, of DPO's loss.
    """

    own: PreferenceRows
    smoothing: float = 0.0

    def loss(self, model: Any, batch: Batch) -> tuple[Tensor, Any]:
        """Mean over the items of a batch, and what the model says of each line as `logits`."""
        outputs = told(model, batch)
        if self.own.loss in PAIRED:
            return self.mean(self._pairs(outputs.logits, batch), batch), outputs
        point = self._point(model, batch, outputs.logits)
        good = (batch[PLACE] == 0).to(outputs.logits)
        weights = (self.own.desirable_weight, self.own.undesirable_weight)
        each = preference.kto(_answers(outputs.logits, batch), good, point, self.own.beta, weights)
        return self.mean(each, batch), outputs

    def _pairs(self, logs: Tensor, batch: Batch) -> Tensor:
        """The loss of each pair at both of its lines, 0 elsewhere; shape (lines,)."""
        first, second = _pair_lines(batch)
        said = _answers(logs, batch)
        better, worse = (Answers(said.logs[at], said.before[at], said.tokens[at]) for at in (first, second))
        own = self.own
        if own.loss == "orpo":
            each = preference.odds(better, worse, own.odds_weight)
        elif own.loss == "sigmoid":
            each = preference.sigmoid(better, worse, own.beta, self.smoothing)
        else:
            each = {"hinge": preference.hinge, "ipo": preference.ipo}[own.loss](better, worse, own.beta)
        if own.sft_weight and own.loss != "orpo":
            each = each - own.sft_weight * better.mean
        return torch.zeros_like(logs).index_put((torch.cat([first, second]),), torch.cat([each, each]))

    def _point(self, model: Any, batch: Batch, logs: Tensor) -> Tensor:
        """KTO's reference point, of the lines of answers that nobody asked for; 0 where there are none."""
        unasked = (batch[PLACE] == UNASKED) & (learnt_tokens(batch) > 0)
        if not bool(unasked.any()):
            return logs.new_zeros(())
        with torch.no_grad():
            found = line_logs(model, batch, unasked)
        return preference.reference_point(Answers(found, batch[BEFORE][unasked], found))

    def flat(self, outputs: Any, batch: Batch) -> Items:
        """How much more the better answer of each pair has gained than the worse one, and of answers that are judged
        one by one how much they have."""
        gained = outputs.logits - batch[BEFORE]
        if self.own.loss not in PAIRED:
            lines = self.counts(batch) > 0
            good = (batch[PLACE][lines] == 0).to(gained)[:, None]
            return Items(gained[lines, None], good, self.counts(batch)[lines])
        first, second = _pair_lines(batch)
        margin = (gained[first] - gained[second])[:, None]
        return Items(margin, torch.ones_like(margin), 2 * self.counts(batch)[first])

    def counts(self, batch: Batch) -> Tensor:
        """The weight of each line's row, half of it each for the two answers of a pair; 0 of a line of which nothing is
        learnt."""
        tokens = learnt_tokens(batch)
        weights: Tensor = batch.get("sample_weight", torch.ones_like(batch[BEFORE]))
        if self.own.loss not in PAIRED:
            return torch.where((tokens > 0) & (batch[PLACE] < UNASKED), weights, 0.0)
        counts = torch.zeros_like(weights)
        first, second = _pair_lines(batch)
        for side in (first, second):
            counts[side] = weights[side] / 2
        return counts


def _answers(logs: Tensor, batch: Batch) -> Answers:
    return Answers(logs, batch[BEFORE].to(logs), learnt_tokens(batch).to(logs))


def _pair_lines(batch: Batch) -> tuple[Tensor, Tensor]:
    """The lines of the better and of the worse answers of rows that have both, shape (pairs,) each."""
    able = learnt_tokens(batch) > 0
    rows = int(batch[ROW].max()) + 1
    at = [torch.full((rows,), -1, device=able.device) for _ in range(2)]
    for place, found in enumerate(at):
        lines = torch.nonzero(able & (batch[PLACE] == place))[:, 0]
        found[batch[ROW][lines]] = lines
    both = (at[0] >= 0) & (at[1] >= 0)
    return at[0][both], at[1][both]


__all__ = ["Preferring", "learnt_tokens", "line_logs", "told"]
