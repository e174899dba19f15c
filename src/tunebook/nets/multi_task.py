"""Several tasks on one body: a head for each, how often each is seen, what its loss weighs, whose gradient yields."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tunebook.core.encoded import Encoded, join
from tunebook.core.nouns import Labels
from tunebook.core.task import OtherBook
from tunebook.core.technique import RunContext, model_inputs
from tunebook.models.heads import first_answers
from tunebook.nets.evaluated import evaluated
from tunebook.nets.heads import ExactHead

TASK, PLACE = "multi_task.task", "multi_task.place"  # columns: a row's task, 0 for the main one, and its number there
Mixing = Literal["size", "temperature", "equal"]
_LEAST = 1e-3  # of a weight: a task whose weight is 0 could never come back
EXTRA = "extra_tasks"  # the name under which a model holds them, and without which it is kept


def mixed_counts(main: int, sizes: Sequence[int], how: Mixing, temperature: float, limit: int | None) -> list[int]:
    """Rows of each auxiliary task in an epoch that sees each of the `main` rows once.

    A task is seen in proportion to min(its rows, limit) ** (1 / T): T = 1 for `size`, without end for `equal`.

    Source: Raffel et al. 2020 (arXiv:1910.10683), section 3.5.2.
    """
    power = {"size": 1.0, "temperature": 1 / temperature, "equal": 0.0}[how]
    rates = [min(size, limit or size) ** power for size in (main, *sizes)]
    return [max(1, round(main * rate / rates[0])) for rate in rates[1:]]


def average_weights(before: Tensor, last: Tensor, temperature: float = 2.0) -> Tensor:
    """Dynamic weight average: tasks whose loss falls more slowly weigh more; the weights add up to their number.

    Args:
        before, last: mean loss of each task in the epoch before the last one and in the last one, shape (tasks,).

    Source: Liu et al. 2019 (arXiv:1803.10704), formula 7.
    """
    return len(last) * torch.softmax(last / before.clamp_min(1e-12) / temperature, dim=0)


def norm_weights(weights: Tensor, norms: Tensor, progress: Tensor, alpha: float, rate: float) -> Tensor:
    """One step of GradNorm: bring the gradient norms of all tasks to a common scale, larger for tasks that lag behind.

    Args:
        weights: of the tasks, shape (tasks,); norms: of the gradients of their unweighted losses.
        progress: loss of each task over its first loss.
        alpha: how much tasks that lag behind are pulled; rate: of this step.

    Source: Chen et al. 2018 (arXiv:1711.02257), formula 2 and algorithm 1.
    """
    scaled = weights * norms
    target = scaled.mean() * (progress / progress.mean()) ** alpha
    moved = (weights - rate * torch.sign(scaled - target) * norms).clamp_min(_LEAST)
    return moved * len(moved) / moved.sum()


def renew_weights(state: dict[str, Any], alpha: float, rate: float) -> None:
    """One step of GradNorm by what a step has noted: its sums, counts and gradients go, the next weights come."""
    sums, counts, gradients = state.pop("sums"), state.pop("counts"), state.pop("gradients")
    if counts.min() == 0:  # a task that this step has not seen has no norm
        return
    means = sums / counts
    first = state.setdefault("first", means)
    norms = torch.stack([gradients[task].norm() for task in sorted(gradients)]).to(means) / counts
    weights = state.get("weights", torch.ones_like(means))
    state["weights"] = norm_weights(weights, norms, means / first.clamp_min(1e-12), alpha, rate)


def project_conflicts(gradients: Tensor, order: Sequence[Sequence[int]]) -> tuple[Tensor, int]:
    """Sum of the tasks' gradients, each freed of what points against another's; and how often that was so.

    Args:
        gradients: of shape (tasks, parameters).
        order: for each task the others, in the order in which it meets them.

    Source: Yu et al. 2020 (arXiv:2001.06782), algorithm 1.
    """
    total, conflicts = torch.zeros_like(gradients[0]), 0
    for own, others in zip(gradients, order, strict=True):
        bent = own.clone()
        for other in others:
            against = torch.dot(bent, gradients[other])
            if against < 0:
                bent -= against / gradients[other].square().sum().clamp_min(1e-20) * gradients[other]
                conflicts += 1
        total += bent
    return total, conflicts


def note_sums(state: dict[str, Any], sums: dict[int, tuple[Tensor, Tensor]], count: int) -> None:
    """Add each task's sum of losses and number of items to `sums` and `counts` of a state, for so many tasks."""
    for task, (value, items) in sums.items():
        for name, amount in (("sums", value), ("counts", items)):
            kept = state.setdefault(name, torch.zeros(count, device=value.device))
            kept[task] += amount.detach().float()


def note_gradients(state: dict[str, Any], losses: dict[int, Tensor], shared: Sequence[nn.Parameter]) -> None:
    """Add what each task's loss asks of the shared parameters to `gradients` of a state, which sums up the passes."""
    kept = state.setdefault("gradients", {})
    for task, value in losses.items():
        found = torch.autograd.grad(value, shared, retain_graph=True, allow_unused=True)
        flat = [torch.zeros_like(p) if g is None else g for p, g in zip(shared, found, strict=True)]
        whole = torch.cat([item.detach().float().flatten() for item in flat])
        kept[task] = kept[task] + whole if task in kept else whole


def put_gradients(shared: Sequence[nn.Parameter], total: Tensor) -> None:
    """Give parameters other gradients, one after the other in `total`."""
    for parameter, part in zip(shared, torch.split(total, [item.numel() for item in shared]), strict=True):
        parameter.grad = part.view_as(parameter).to(parameter)


def taken(draw: np.random.Generator, size: int, count: int) -> NDArray[np.int64]:
    """So many of a task's rows, none a second time before all were seen."""
    rounds = [draw.permutation(size) for _ in range(-(-count // size))]
    return np.concatenate(rounds)[:count]


def append_tasks(rows: Encoded, others: Sequence[Encoded]) -> Encoded:
    """All rows, with the number of their task and their place in it; the others' have no label here (-1, or NaN)."""
    sizes = [len(rows), *map(len, others)]
    extra = sum(sizes[1:])
    fixed = {}
    for name, column in rows.fixed.items():
        none = np.nan if column.dtype.kind == "f" else -1
        blank = {"sample_weight": 1, "row": -1, "labels": none}.get(name, 0)
        fixed[name] = np.concatenate([column, np.full((extra, *column.shape[1:]), blank, dtype=column.dtype)])
    fixed[TASK] = np.repeat(np.arange(len(sizes)), sizes)
    fixed[PLACE] = np.concatenate([np.arange(size) for size in sizes])
    names = set(rows.flat)
    plain = [Encoded({n: part.flat[n] for n in names}, part.offsets, {}) for part in (rows, *others)]
    return join(plain).with_fixed(**fixed)


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
    assert run.source is not None
    for number, book in enumerate(books):
        with torch.no_grad(), evaluated(run.model):
            batches = run.source.batches(book.validation)
            logits = torch.cat([answer(run.model, model_inputs(batch), number) for batch in batches])
        scores = book.task.scores(logits.float().cpu().numpy(), book.validation.fixed["labels"], book.labels)
        headline = book.task.headline(book.labels)
        found[f"{book.name}_{headline}"] = scores[headline]
    return found


__all__ = [
    "EXTRA",
    "PLACE",
    "TASK",
    "Mixing",
    "TaskHeads",
    "answer",
    "append_tasks",
    "average_weights",
    "body_of",
    "headlines",
    "last_shared",
    "mixed_counts",
    "norm_weights",
    "note_gradients",
    "note_sums",
    "project_conflicts",
    "put_gradients",
    "renew_weights",
    "taken",
]
