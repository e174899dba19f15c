"""How large the model of a plan is, as its techniques leave it, known before any weight is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import ModelError
from tunebook.core.files import content_id
from tunebook.core.installed import version_of
from tunebook.core.nouns import DataRef, HeadStart
from tunebook.core.settings import Filled
from tunebook.core.technique import PreparesModel, RunContext, Technique
from tunebook.models.heads import own_head
from tunebook.verbs.steps.book import kept, kept_model_id
from tunebook.verbs.steps.model_facts import plain_kind
from tunebook.verbs.steps.sizes import Sizes, sizes_of, sizes_of_kind

if TYPE_CHECKING:
    from tunebook.core.task import Task


def planned_model(
    task: Task, folder: Path, data: DataRef, params: Filled, woven: list[Technique], inputs: Mapping[str, Any]
) -> tuple[Sizes, HeadStart | None]:
    """What the model's costs depend on, as the techniques leave it, and what becomes of the base model's own head.

    Known kinds of models are not built for it; what others came to is kept in the book's cache.

    Args:
        inputs: what the techniques read beside the rows, with its hash.

    Raises:
        ModelError: `plan.nothing`, the techniques leave nothing to train; it names those that froze something.
    """
    changers: list[Any] = [technique for technique in woven if isinstance(technique, PreparesModel)]
    kind = None if changers else plain_kind(task, folder, data.labels)
    if kind is not None:
        return sizes_of_kind(kind), own_head(kind.head, folder, data.labels)
    rows = {item.key: item.model_dump(mode="json") for item in changers}
    versions = [version_of(name) for name in ("tunebook", "transformers", "peft")]
    known = [task.key, kept_model_id(folder, data.path.parent), data.labels.model_dump(mode="json")]
    key = content_id([*known, params.model_dump(mode="json", exclude={"seed"}), rows, dict(inputs), versions])
    sizes, name = kept(data.path.parent, f"sizes-{key}", lambda: _built(task, folder, data, params, changers))
    return Sizes(**sizes), own_head(name, folder, data.labels) if name else None


def _built(
    task: Task, folder: Path, data: DataRef, params: Filled, changers: Sequence[Any]
) -> tuple[dict[str, Any], str]:
    """The fields of the sizes of a model without weights, and the name of its head; empty where the task gives none."""
    from tunebook.tasks.heads import head_name

    skeleton = task.skeleton(folder, data.labels, params)
    name = head_name(skeleton, data.labels) if "head" in task.gives else ""
    run = RunContext(model=skeleton, gives=task.gives, settings=params, labels=data.labels)
    freezing, left = [], _trained(skeleton)
    for technique in changers:
        skeleton = technique.prepare_model(skeleton, run)
        before, left = left, _trained(skeleton)
        freezing += [technique.key] * (left < before)
    sizes = sizes_of(skeleton)
    if not sizes.trained:
        raise ModelError("plan.nothing", key=", ".join(freezing))
    return asdict(sizes), name


def _trained(model: Any) -> int:
    """How many parameters training moves."""
    return sum(item.numel() for item in model.parameters() if item.requires_grad)


__all__ = ["planned_model"]
