"""How the vectors of a run lie on a split, beside those of its base model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tunebook.core.files import content_id
from tunebook.core.nouns import DataRef
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.task import Rows, Spaces
from tunebook.verbs.steps.answers import model_key
from tunebook.verbs.steps.book import kept
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.untrained import untrained

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel

BASE, MODEL = "base", "model"


def space(
    run: Run, rows: Rows, data: DataRef, *, with_base: bool = True, progress: Progress | None = None
) -> dict[str, dict[str, float]]:
    """Figure -> its value for the run's `model` and for its `base`; empty for a task without vectors."""
    plan = run.plan
    task = task_of(plan.task)()
    if not isinstance(task, Spaces):
        return {}

    def measured(model: LoadedModel) -> dict[str, float]:
        seen = model.task.seen(rows, model.plan.params)
        assert isinstance(model.task, Spaces)
        return model.task.space(seen, plan.labels, lambda texts: model.net.vectors(texts, progress))

    def own() -> LoadedModel:
        from tunebook.engine.load import load_model

        return load_model(run.model, plan)

    sides: dict[str, tuple[str, Callable[[], LoadedModel]]] = {MODEL: (model_key(run), own)}
    if with_base:
        sides[BASE] = (plan.model_id, lambda: untrained(plan, plan.labels))
    found: dict[str, dict[str, float]] = {}
    for side, (model_id, load) in sides.items():
        key = content_id([plan.task, model_id, rows.texts_id, data.content, plan.params.max_length])
        figures: dict[str, float] = kept(run.book, f"space-{key}", lambda load=load: measured(load()))  # type: ignore[misc]
        for name, value in figures.items():
            found.setdefault(name, {})[side] = value
    return found


__all__ = ["BASE", "MODEL", "space"]
