"""What the rules of proposals need to know of a base model, read from its files without loading weights."""

from __future__ import annotations

from pathlib import Path

from tunebook.core.nouns import Labels
from tunebook.core.task import Plain, Task
from tunebook.models.architecture import Architecture
from tunebook.tables.facts import ModelFacts
from tunebook.verbs.estimate import sizes_of, sizes_of_kind


def model_facts(name: str, folder: Path, task: Task, labels: Labels, positions: int) -> ModelFacts:
    """Width, depth, parameters and reach of a base model with a head for these labels.

    Args:
        name: as it stands in the row base_model; `folder` is where its files are.
        positions: tokens that it can take.

    Raises:
        ModelError: transformers has no head for this architecture, or its files cannot be read.
    """
    kind = plain_kind(task, folder, labels)
    sizes = sizes_of(task.skeleton(folder, labels, {})) if kind is None else sizes_of_kind(kind)
    return ModelFacts(
        name=name,
        hidden=sizes.hidden,
        layers=sizes.layers,
        parameters=sizes.parameters,
        max_positions=positions,
    )


def plain_kind(task: Task, folder: Path, labels: Labels) -> Architecture | None:
    """What a base model with a head for these labels is made of; None where transformers has to make it to know."""
    return task.kind(folder, labels) if isinstance(task, Plain) else None


__all__ = ["model_facts", "plain_kind"]
