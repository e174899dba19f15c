"""The base model of a run, as it answers before any training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import RunError
from tunebook.core.nouns import Labels, Plan
from tunebook.core.registry import task_of
from tunebook.core.settings import Filled
from tunebook.models.heads import covers

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel


def refuse_untrained(plan: Plan, run: str) -> None:
    """Refuse a run whose base model answers nothing before training, since its head began at random.

    Raises:
        RunError: `general.no_base`.
    """
    if not task_of(plan.task).gives & {"vectors", "words"} and not covers(plan.head, plan.labels):
        raise RunError("general.no_base", key=run, value=plan.model)


def untrained(plan: Plan, labels: Labels) -> LoadedModel:
    """The base model of a plan, to answer to rows with these labels as its files say: with its own pooling and prompts,
    whatever the table changes of them.

    Raises:
        ModelError, MachineError: it is no longer to be had, or its files are others now.
    """
    from tunebook.engine.load import LoadedModel
    from tunebook.models.source import base_of, load_tokenizer

    task, folder = task_of(plan.task)(), base_of(plan)
    made = _asked(plan, labels, folder, plan.model)
    model: Any = task.build(folder, labels, made.params).eval()
    tokenizer = task.reader(load_tokenizer(folder), made.params)
    return LoadedModel(made, task, _placed(model), tokenizer, folder, untrained=True)


def tuned(folder: Path, plan: Plan, labels: Labels) -> LoadedModel:
    """A run's model, to answer to rows with these labels as its own files say."""
    from tunebook.engine.load import load_model

    return replace(load_model(folder, plan), plan=_asked(plan, labels, folder, ""))


def _asked(plan: Plan, labels: Labels, folder: Path, name: str) -> Plan:
    """A plan as far as answers to rows with these labels hang on it."""
    settings = task_of(plan.task)().settled(Filled.defaults(), folder, labels, name)
    params = settings.model_copy(update={"max_length": plan.params.max_length})
    return plan.model_copy(update={"labels": labels, "params": params})


def _placed(model: Any) -> Any:
    import torch

    return model.to("cuda" if torch.cuda.is_available() else "cpu")


__all__ = ["refuse_untrained", "tuned", "untrained"]
