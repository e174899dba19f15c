"""A model in memory with the choice of by what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.backends.choice import Chooser, Chosen
from tunebook.backends.kept import Kept
from tunebook.core.registry import task_of
from tunebook.models.source import read_config

if TYPE_CHECKING:
    from torch import nn

    from tunebook.core.nouns import Plan
    from tunebook.engine.load import LoadedModel
    from tunebook.verbs.steps.runs import Run

Told = Callable[[Chosen], None]


def chosen_way(
    loaded: LoadedModel, wanted: str, folder: Path, run: Run | None, told: Told | None = None
) -> LoadedModel:
    """A model that answers by whatever is quickest for the rows that it is given. The arguments are those of
    `chooser`."""
    return replace(loaded, way=chooser(loaded.model, wanted, folder, run=run, plan=loaded.plan, told=told))


def chooser(
    model: nn.Module, wanted: str, folder: Path, *, run: Run | None, plan: Plan | None, told: Told | None
) -> Chooser:
    """What chooses by which backend a model answers.

    Args:
        wanted: `onnx` or `auto`; folder: of the model's files; run: of the model: its book keeps what was measured.
        plan: of its run; None of a model that stands by itself. told: is called with what answered.
    """
    config: Any = getattr(model, "config", None)
    return Chooser(
        model=model,
        config=read_config(folder) if config is None else config.to_dict(),
        labels=None if plan is None else plan.labels,
        whole=None if plan is None else _whole(model, folder, plan),
        wanted=wanted,
        kept=Kept() if run is None else Kept(run.book, partial(_key, run)),
        told=told,
    )


def _key(run: Run) -> str:
    from tunebook.verbs.steps.answers import model_key

    return model_key(run)


def _whole(model: nn.Module, folder: Path, plan: Plan) -> Callable[[], nn.Module] | None:
    """Gives a model with what PEFT trained beside its weights added to them; None for one that has nothing of that
    kind. It is read once more: adding up changes what it is done to."""
    if not hasattr(model, "merge_and_unload"):
        return None

    def made() -> nn.Module:
        from tunebook.engine.merging import added_up
        from tunebook.engine.stored import read_model

        found: nn.Module = added_up(read_model(folder, plan, task_of(plan.task)())).float().eval()
        return found

    return made


__all__ = ["Told", "chooser", "chosen_way"]
