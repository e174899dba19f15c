"""The baselines that every fine-tune has to beat, on the same rows: the task names them, here they are scored."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.files import content_id
from tunebook.core.hooks import BaselineInput
from tunebook.core.nouns import DataRef, Plan, Split
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.task import Rows
from tunebook.verbs.steps.kept import kept

Array = NDArray[Any]
_ROWS = 20_000  # training rows at most: a baseline is to cost little


@dataclass(frozen=True)
class Cheap:
    """What a baseline answers, shape (N, k), and the seconds that it took to be trained and asked."""

    logits: Array
    seconds: float


def baselines(plan: Plan, data: DataRef, split: Split, progress: Progress | None = None) -> dict[str, dict[str, float]]:
    """Name -> metric -> value of each baseline of the task, kept in the book's cache.

    Raises:
        MachineError: a library that they need is not installed.
    """
    key = content_id([data.content, plan.task, plan.model_id, split, _ROWS])
    found: dict[str, dict[str, float]] = kept(
        data.path.parent, f"baselines-{key}", lambda: _measure(plan, data, split, progress)
    )
    return found


def _measure(plan: Plan, data: DataRef, split: Split, progress: Progress | None) -> dict[str, dict[str, float]]:
    from tunebook.data.load import load

    task, targets = task_of(plan.task)(), load(data, split).targets
    assert targets is not None  # evaluation has refused rows without labels
    found = cheap_answers(plan, data, split, progress)
    return {
        name: task.scores(np.asarray(item.logits, dtype=np.float32), targets, plan.labels)
        for name, item in found.items()
    }


def cheap_answers(plan: Plan, data: DataRef, split: Split, progress: Progress | None = None) -> dict[str, Cheap]:
    """Name -> answers of each baseline to the rows of a split. Raises as `baselines`."""
    from tunebook.data.load import load

    rows = {part: load(data, part) for part in ("train", "validation", split)}
    rows["train"] = _sample(rows["train"], plan.seed)

    def features(texts: Sequence[str]) -> NDArray[np.float32]:
        return _frozen(plan, texts, progress)

    found = {}
    for name, answer in task_of(plan.task)().baselines(BaselineInput(plan, data, split, rows, features)).items():
        begun = time.perf_counter()
        found[name] = Cheap(answer(), time.perf_counter() - begun)
    return found


def _sample(rows: Rows, seed: int) -> Rows:
    if len(rows) <= _ROWS:
        return rows
    chosen = np.sort(np.random.default_rng(seed).choice(len(rows), _ROWS, replace=False))
    return rows.at(chosen.tolist())


def _frozen(plan: Plan, texts: Sequence[str], progress: Progress | None) -> NDArray[np.float32]:
    """Mean of the base model's last layer, shape (N, hidden)."""
    from tunebook.engine.infer import features
    from tunebook.models.source import find_model, load_tokenizer

    folder = find_model(plan.model, allow_pickle=True)
    length = plan.params.max_length
    return features(folder, list(texts), task_of(plan.task)(), load_tokenizer(folder), length, progress)


__all__ = ["Cheap", "baselines", "cheap_answers"]
