"""Parameters by their names: groups of an optimiser, and parts that only serve the training of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch
from torch import nn

from tunebook.core.technique import ParamGroups, RunContext

Part = TypeVar("Part", bound=nn.Module)


def attach(run: RunContext, key: str, make: Callable[[], Part]) -> Part:
    """Give the model that is trained a child `extra_KEY`, its weights drawn from the run's seed alone.

    Called where the loss is woven, when the model is as it will be trained, so that no technique that freezes all that
    it finds can meet it, and the draws that others make stay the same.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        part = make()
    run.model.add_module(f"extra_{key}", part.to(next(run.model.parameters()).device))
    return part


def body_prefix(model: Any) -> str:
    """What the names of a model's pretrained body begin with; empty where it lies beside the head, as in T5."""
    return "" if model.base_model is model else f"{model.base_model_prefix}."


def split(groups: ParamGroups, kind: Callable[[str], Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The parts of each group in turn, with their kind, in the order of the kinds; every parameter is in one of them.

    Args:
        kind: of a parameter, by its name; whatever can be sorted.
    """
    for group in groups:
        kinds = [kind(name) for name in group["names"]]
        for one in sorted(set(kinds)):
            chosen = [at for at, found in enumerate(kinds) if found == one]
            yield one, {**group, **{part: [group[part][at] for at in chosen] for part in ("params", "names")}}


__all__ = ["attach", "body_prefix", "split"]
