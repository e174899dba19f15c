"""Heads of several tasks on one body."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from tunebook.core.nouns import Labels
from tunebook.core.task import OtherBook
from tunebook.core.technique import RunContext, model_inputs
from tunebook.models.heads import first_answers
from tunebook.nets.exact_head import ExactHead

EXTRA = "extra_tasks"  # the name under which a model holds them, and without which it is kept


class TaskHeads(nn.Module):
    """Heads of auxiliary tasks on one body: the mean over tokens, a layer with tanh, the outputs.

    Args:
        width: of the body; tasks: what each task predicts; units: of each task, in which its numbers are learnt.
        embedded: width of the token vectors, to which a vector of each task is then added, which starts at 0; 0 for
            none.
        balanced: give each task, the main one first, a log-variance that starts at 0.
    """

    def __init__(
        self, width: int, tasks: Sequence[Labels], *, units: Sequence[float], embedded: int, balanced: bool
    ) -> None:
        super().__init__()
        self.dense = nn.ModuleList(nn.Linear(width, width) for _ in tasks)
        last = [nn.Linear(width, labels.outputs) for labels in tasks]
        for layer in (*self.dense, *last):
            nn.init.normal_(layer.weight, std=0.5 / math.sqrt(width))
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            for layer, labels in zip(last, tasks, strict=True):
                layer.bias.copy_(torch.tensor(first_answers(labels) or [0.0]))
        self.out = nn.ModuleList(ExactHead(one, unit, fresh=True) for one, unit in zip(last, units, strict=True))
        self.vectors = nn.Parameter(torch.zeros(len(tasks), embedded)) if embedded else None
        self.log_variance = nn.Parameter(torch.zeros(len(tasks) + 1)) if balanced else None

    def forward(self, hidden: Tensor, mask: Tensor, task: int) -> Tensor:
        """Outputs of an auxiliary task (0, 1, ...), of shape (rows, outputs).

        Args:
            hidden: last layer of the body, of shape (rows, tokens, width); mask: 1 for tokens, of shape (rows, tokens).
        """
        weights = mask.to(hidden).unsqueeze(-1)
        mean = (hidden * weights).sum(1) / weights.sum(1).clamp_min(1)
        logits: Tensor = self.out[task](torch.tanh(self.dense[task](mean)))
        return logits


def answer(model: Any, given: dict[str, Any], task: int) -> Tensor:
    """What the head of an auxiliary task says to inputs of the model, of shape (rows, outputs)."""
    heads = model.get_submodule(EXTRA)
    with _marked(model, heads.vectors, task):
        hidden = body_of(model)(**given).last_hidden_state
    logits: Tensor = heads(hidden, given["attention_mask"], task)
    return logits


@contextmanager
def _marked(model: Any, vectors: Tensor | None, task: int) -> Iterator[None]:
    """Inside, token vectors carry the vector of the task."""
    if vectors is None:
        yield
        return
    hook = model.get_input_embeddings().register_forward_hook(lambda module, given, out: out + vectors[task])
    try:
        yield
    finally:
        hook.remove()


def body_of(model: Any) -> Any:
    """All of the model but its head."""
    whole = model.get_base_model() if hasattr(model, "peft_config") else model
    return whole.base_model


def last_shared(model: Any) -> nn.Parameter:
    """The last matrix that all tasks go through."""
    found = [item for name, item in body_of(model).named_parameters() if item.dim() == 2 and "pooler" not in name]
    last: nn.Parameter = next(item for item in reversed(found) if item.requires_grad)
    return last


def headlines(run: RunContext, books: Sequence[OtherBook]) -> dict[str, float]:
    """Headline score of each auxiliary task on its own validation rows."""
    found: dict[str, float] = {}
    training = run.model.training
    run.model.eval()
    assert run.source is not None
    for number, book in enumerate(books):
        with torch.no_grad():
            batches = run.source.batches(book.validation)
            logits = torch.cat([answer(run.model, model_inputs(batch), number) for batch in batches])
        scores = book.task.scores(logits.float().cpu().numpy(), book.validation.fixed["labels"], book.labels)
        headline = book.task.headline(book.labels)
        found[f"{book.name}_{headline}"] = scores[headline]
    run.model.train(training)
    return found


__all__ = ["EXTRA", "TaskHeads", "answer", "body_of", "headlines", "last_shared"]
