"""What was trained beside a model becomes part of it, where it can: the model is then an ordinary one again."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from tunebook.core.nouns import Plan
from tunebook.core.registry import tasks
from tunebook.core.technique import PreparesModel, RunContext
from tunebook.engine.weave import woven
from tunebook.models.source import find_model
from tunebook.nets.linear_chain import in_chain
from tunebook.nets.mean_token import mean_layer
from tunebook.nets.peft import is_extra


def added_up(model: Any) -> Any:
    """A model with what PEFT added to its weights, and the trained head in place of the fresh one; any other model, or
    one to whose weights nothing can be added, as it is."""
    if not hasattr(model, "merge_and_unload"):
        return model
    from peft.utils import ModulesToSaveWrapper

    for name, module in list(model.named_modules()):  # PEFT 0.21 itself unwraps a pooler beside IA3 wrongly
        if isinstance(module, ModulesToSaveWrapper):
            model.set_submodule(name, module.modules_to_save["default"])
    return model.merge_and_unload()


def unlike(model: nn.Module, plain: nn.Module) -> str:
    """Name of a tensor that only one of two models has, or that has another shape in each; empty where there is none.

    What serves a training alone does not count, nor what a task loads with its models, nor a layer that hands on the
    mean, which whoever takes up the body below can leave out.
    """
    one, other = _shapes(model), _shapes(plain)
    return min((name for name, _ in one.items() ^ other.items()), default="")


def _shapes(model: nn.Module) -> dict[str, torch.Size]:
    mean = mean_layer(model)
    return {
        name: item.shape
        for name, item in model.state_dict().items()
        if not (is_extra(name) or in_chain(name) or (mean and name.startswith(mean)))
    }


def unmergeable(plan: Plan) -> str:
    """Key of the first technique of a plan after which the model is no longer one like its base, whatever is added up:
    something stays beside it (prefix, prompt, p_tuning, adapter), its weights were packed (QLoRA), or it lacks layers
    (student). Empty where there is none. Loads no weights.

    Raises:
        ModelError, MachineError: the base model is no longer to be had.
    """
    task = tasks()[plan.task]()
    base = find_model(plan.model, allow_pickle=True)
    plain = task.skeleton(base, plan.labels, plan.params)
    for technique in woven(plan):
        if isinstance(technique, PreparesModel):
            skeleton = task.skeleton(base, plan.labels, plan.params)
            run = RunContext(model=skeleton, gives=task.gives, settings=plan.params, labels=plan.labels)
            made = technique.prepare_model(skeleton, run)
            packed = getattr(skeleton, "is_loaded_in_4bit", False)
            if packed or unlike(added_up(made), plain):
                return technique.key
    return ""


__all__ = ["added_up", "unlike", "unmergeable"]
