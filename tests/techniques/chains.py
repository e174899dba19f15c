"""A tiny network with rows of earlier tasks: what the techniques against forgetting may ask for, without a book."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tunebook.core.encoded import Encoded, join
from tunebook.core.nouns import Labels
from tunebook.core.technique import RunContext
from tunebook.nets.classify import Classify

WIDTH, OUTPUTS = 5, 3


class Net(nn.Module):
    """Numbers -> a hidden layer -> logits."""

    def __init__(self, outputs: int = OUTPUTS, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.body = nn.Linear(WIDTH, 7)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(7, outputs)

    def forward(self, numbers: Tensor, output_hidden_states: bool = False) -> Any:
        hidden = self.drop(torch.tanh(self.body(numbers)))
        return SimpleNamespace(logits=self.head(hidden), hidden_states=[hidden])


def some_rows(count: int, age: int = 0, seed: int = 0, problem: str = "single_label") -> Encoded:
    """Rows of random numbers with random targets."""
    draw = np.random.default_rng([seed, age])
    targets: Any = draw.integers(0, OUTPUTS, count)
    if problem == "multi_label":
        targets = (draw.random((count, OUTPUTS)) < 0.4).astype(np.float32)
    elif problem == "regression":
        targets = draw.normal(size=count).astype(np.float32)
    numbers = draw.normal(size=(count, WIDTH)).astype(np.float32)
    own = {"row": np.full(count, -1), "past.age": np.full(count, age)} if age else {"row": np.arange(count)}
    return Encoded({}, np.zeros(count + 1, dtype=np.int64), {"numbers": numbers, "labels": targets, **own})


def together(*parts: Encoded) -> Encoded:
    """Rows of several tasks."""
    names = parts[0].fixed
    return join(parts).with_fixed(**{name: np.concatenate([part.fixed[name] for part in parts]) for name in names})


def batch_of(rows: Encoded, numbers: Any = slice(None)) -> dict[str, Tensor]:
    """A batch of rows."""
    return {name: torch.from_numpy(column[numbers]) for name, column in rows.fixed.items()}


@dataclass
class Past:
    """A source of earlier tasks."""

    past: Encoded | None
    old: Any = None
    keeps: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    outputs_before: int = OUTPUTS

    def before(self) -> Any:
        return copy.deepcopy(self.old).requires_grad_(False).eval()

    def kept(self, key: str) -> dict[str, Tensor]:
        return self.keeps.get(key, {})

    def batches(self, rows: Encoded, size: int = 4) -> Iterator[dict[str, Tensor]]:
        for start in range(0, len(rows), size):
            yield batch_of(rows, np.arange(start, min(start + size, len(rows))))


def run_of(net: Net, source: Any, problem: str = "single_label", **more: Any) -> RunContext:
    """A run of a network."""
    outputs = net.head.out_features
    several = problem in ("single_label", "multi_label")
    labels = Labels(problem=problem, names=[str(n) for n in range(outputs)] if several else [])  # type: ignore[arg-type]
    return RunContext(
        model=net, source=source, labels=labels, criterion=Classify(labels.kind.link, None, 0.0), seed=3, **more
    )


def gradients(net: Net, value: Tensor) -> dict[str, Tensor]:
    """Gradient of a scalar for each weight."""
    names = [name for name, _ in net.named_parameters()]
    return dict(zip(names, torch.autograd.grad(value, list(net.parameters())), strict=True))


def mean_one(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """Scaled so that the mean of all entries above 0 is 1."""
    flat = torch.cat([item.flatten() for item in found.values()]).double()
    mean = float(flat[flat > 0].mean())
    return {name: item / mean for name, item in found.items()}


def moved(net: Net, by: float = 0.1) -> dict[str, Tensor]:
    """Move all weights at random; how far each went."""
    way = {}
    with torch.no_grad():
        for name, item in net.named_parameters():
            way[name] = by * torch.randn_like(item)
            item += way[name]
    return way


def quadratic(importance: dict[str, Tensor], way: dict[str, Tensor]) -> float:
    """1/2 * sum of importance * way ** 2."""
    return float(sum((importance[name] * way[name].square()).sum() for name in importance) / 2)


def extra(loss: Any, run: RunContext, batch: dict[str, Tensor]) -> float:
    """What a loss has beside the task's own."""
    with torch.no_grad():
        assert run.criterion is not None
        return float(loss(run.model, batch)[0] - run.criterion.loss(run.model, batch)[0])
