"""What the rules of proposals need to know of a base model, read from its files without loading weights."""

from __future__ import annotations

from pathlib import Path

from tunebook.core.nouns import Labels
from tunebook.core.task import Task
from tunebook.tables.facts import ModelFacts


def model_facts(name: str, folder: Path, task: Task, labels: Labels, positions: int) -> ModelFacts:
    """Width, depth, parameters and reach of a base model with a head for these labels.

    Args:
        name: as it stands in the row base_model; `folder` is where its files are.
        positions: tokens that it can take.

    Raises:
        ModelError: transformers has no head for this architecture, or its files cannot be read.
    """
    skeleton = task.skeleton(folder, labels, {})
    return ModelFacts(
        name=name,
        hidden=int(getattr(skeleton.config, "hidden_size", 768)),
        layers=int(getattr(skeleton.config, "num_hidden_layers", 12)),
        parameters=sum(item.numel() for item in skeleton.parameters()),
        max_positions=positions,
    )


__all__ = ["model_facts"]
