"""How several losses share one model: how often each task is seen, what its loss weighs, whose gradient gives way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tunebook.core.encoded import Encoded, join

TASK, PLACE = "multi_task.task", "multi_task.place"  # columns: a row's task, 0 for the main one, and its number there
Mixing = Literal["size", "temperature", "equal"]
_LEAST = 1e-3  # of a weight: a task whose weight is 0 could never come back


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


__all__ = [
    "PLACE",
    "TASK",
    "Mixing",
    "append_tasks",
    "average_weights",
    "mixed_counts",
    "norm_weights",
    "note_gradients",
    "note_sums",
    "project_conflicts",
    "put_gradients",
    "renew_weights",
    "taken",
]
