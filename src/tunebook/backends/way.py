"""A model in memory with the choice of by what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tunebook.backends.choice import Chooser, Chosen
from tunebook.backends.kept import Kept
from tunebook.models.source import read_config

if TYPE_CHECKING:
    from torch import nn

    from tunebook.engine.load import LoadedModel
    from tunebook.verbs.steps.runs import Run


def chosen_way(
    loaded: LoadedModel, wanted: str, folder: Path, run: Run | None, told: Callable[[Chosen], None] | None
) -> LoadedModel:
    """A model that answers by whatever is quickest for the rows that it is given.

    Args:
        wanted: `onnx` or `auto`; folder: of the model's files; run: of the model: its book keeps what was measured.
        told: is called with what answered.
    """
    config = getattr(loaded.model, "config", None)
    return replace(
        loaded,
        way=Chooser(
            model=loaded.model,
            config=read_config(folder) if config is None else config.to_dict(),
            labels=loaded.plan.labels,
            whole=_whole(loaded, folder),
            wanted=wanted,
            kept=Kept() if run is None else Kept(run.book, partial(_key, run)),
            told=told,
        ),
    )


def _key(run: Run) -> str:
    from tunebook.verbs.steps.answers import model_key

    return model_key(run)


def _whole(loaded: LoadedModel, folder: Path) -> Callable[[], nn.Module] | None:
    """Gives a model with what PEFT trained beside its weights added to them; None for one that has nothing of that
    kind. It is read once more: adding up changes what it is done to."""
    if not hasattr(loaded.model, "merge_and_unload"):
        return None

    def made() -> nn.Module:
        from tunebook.engine.merging import added_up
        from tunebook.engine.stored import read_model

        model: nn.Module = added_up(read_model(folder, loaded.plan, loaded.task)).float().eval()
        return model

    return made


__all__ = ["chosen_way"]
