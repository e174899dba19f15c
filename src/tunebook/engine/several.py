"""What a training by several processes can hold, and how its model is shared out among them where that is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from tunebook.core.errors import PlanError
from tunebook.core.nouns import Plan
from tunebook.core.registry import built, tasks, techniques
from tunebook.core.task import Task
from tunebook.core.technique import RunContext, Technique
from tunebook.engine.machine import pick_precision
from tunebook.engine.ranks import join_others, processes, rank
from tunebook.engine.shards import Shards, asked, precision_asked, unseen
from tunebook.models.architecture import depths
from tunebook.nets.parts import share_out, shared_out, together

KEY = "shards"  # of the counters
_OPTIMIZERS = ("adamw", "sgd")  # adafactor looks at whole columns
_LISTS = (nn.ModuleList, nn.ModuleDict)  # they have no pass of their own


@contextmanager
def several(plan: Plan, task: Task, woven: Sequence[Technique], precision: str) -> Iterator[Shards | None]:
    """Join the other processes of this run; inside, a training is prepared. Gives how its model is to be shared out.

    Raises:
        PlanError: `ranks.technique`, `ranks.whole`: a technique, or the loss, knows of one process only; `ranks.parts`,
            or of whole weights; and as `join_others`.
    """
    shards = allowed(plan, task, woven, precision)
    join_others()
    with nullcontext() if shards is None else unseen():
        yield shards


def allowed(plan: Plan, task: Task, woven: Sequence[Technique], precision: str) -> Shards | None:
    """How the model is to be shared out, if at all. Raises as `several`."""
    if processes() == 1:
        return None
    _refuse(plan, task, woven)
    shards = asked()
    if shards is not None:
        _refuse_parts(plan, task, woven, precision)
        precision_asked(precision)
    return shards


def check(plan: Plan) -> None:
    """Refuse what several processes cannot train, before a run of it is begun. Raises as `several`."""
    if processes() > 1:
        allowed(
            plan, tasks()[plan.task](), list(built(plan.techniques).values()), pick_precision(plan.params.precision)
        )


def _refuse(plan: Plan, task: Task, woven: Sequence[Technique]) -> None:
    if task.whole(plan.labels, plan.params):
        raise PlanError("ranks.whole", key=task.key, value=processes(), allowed="1")
    for technique in woven:
        if technique.alone:
            raise PlanError("ranks.technique", key=technique.key, value=processes(), allowed="1")


def _refuse_parts(plan: Plan, task: Task, woven: Sequence[Technique], precision: str) -> None:
    if not task.in_parts:
        raise _whole_only("task", task.key, (key for key, kind in tasks().items() if kind.in_parts))
    for technique in woven:
        if not technique.in_parts:
            raise _whole_only(technique.key, "on", (key for key, kind in techniques().items() if kind.in_parts))
        if getattr(technique, "quantize", "none") != "none":
            raise _whole_only(f"{technique.key}.quantize", "4bit", ("none",))
    if plan.params.optimizer not in _OPTIMIZERS:
        raise _whole_only("optimizer", plan.params.optimizer, _OPTIMIZERS)
    if precision == "fp16":
        raise _whole_only("precision", precision, ("fp32", "bf16"))


def _whole_only(key: str, value: Any, allowed: Any) -> PlanError:
    return PlanError("ranks.parts", key=key, value=value, allowed=" | ".join(allowed))


def share(model: nn.Module, shards: Shards | None) -> None:
    """Share a model out as it was asked for; None leaves it whole.

    Raises:
        PlanError: `ranks.layers`: it has no layers of a class that was named.
    """
    if shards is None:
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    share_out(model, layers_of(model, shards), processes(), again=shards.again)


def put_together(model: nn.Module, run: RunContext) -> None:
    """Put a trained model together in the first process, and say how much of it this one held. A run that goes on may
    have been shared out otherwise before."""
    parts = shared_out(model)
    run.counters.pop(KEY, None)
    if parts is not None:
        run.noted(KEY, processes=processes(), numbers_held=parts.held, share_held=parts.held / parts.whole)
        together(model, keep=rank() == 0)


def layers_of(model: nn.Module, shards: Shards) -> list[nn.Module]:
    """The modules whose weights come together for their own pass alone, from the inside out.

    Raises:
        PlanError: `ranks.layers`.
    """
    if not shards.by_layer:
        return []
    if not shards.classes:
        return [model.get_submodule(name) for name in depths(model).modules]
    kinds = {type(module).__name__ for module in model.modules() if not isinstance(module, _LISTS)}
    if missing := next((name for name in shards.classes if name not in kinds), None):
        found = " | ".join(sorted(kinds))
        raise PlanError("ranks.layers", key="FSDP_TRANSFORMER_CLS_TO_WRAP", value=missing, allowed=found)
    return [one for one in reversed(list(model.modules())) if type(one).__name__ in shards.classes and one is not model]


__all__ = ["KEY", "allowed", "check", "layers_of", "put_together", "several", "share"]
