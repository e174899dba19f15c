"""How a run that kept only what was trained is told from one that kept its whole model; loads no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunebook.core.folders import read_object
from tunebook.core.nouns import Plan
from tunebook.models.source import find_model

BASE = "base.json"  # names the base model beside which that was trained
MERGEABLE = "lora | adalora | ia3 | bitfit"  # what `engine/merging.py` adds up, for messages


def is_partial(model: Path) -> bool:
    """Whether the model folder of a run holds only what was trained beside its base model."""
    return (model / BASE).is_file()


def base_of(model: Path, plan: Plan) -> tuple[Path, dict[str, Any]]:
    """The folder of the base model beside which a part was trained, and what was kept of it: `model`, `model_id`.

    Raises:
        ModelError, MachineError: it is no longer to be had.
    """
    kept = read_object(model / BASE, "model", "model_id")
    moved = plan.model if Path(plan.model).is_dir() else kept["model"]  # the book may stand elsewhere by now
    return find_model(str(model / kept["model"] if plan.before is not None else moved), allow_pickle=True), kept


__all__ = ["BASE", "MERGEABLE", "base_of", "is_partial"]
