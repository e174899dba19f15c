"""Models of several runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel


def load_models(runs: Sequence[Run]) -> dict[str, LoadedModel]:
    """Run's id -> its model, ready to answer. A base model that several of them left as it was is in memory once.

    Raises:
        RunError: a run has not finished. ModelError: a base model is no longer what it was.
    """
    from tunebook.engine.load import load_models as load

    return dict(zip((run.id for run in runs), load([(run.model, run.plan) for run in runs]), strict=True))


__all__ = ["load_models"]
