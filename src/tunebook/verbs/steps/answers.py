"""What a run and its baselines answer to rows: asked once, and kept in the run's folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Answers, Rows, answered, kept_answers
from tunebook.core.errors import MachineError, ModelError
from tunebook.core.files import content_id
from tunebook.core.hooks import BaselineInput
from tunebook.core.nouns import DataRef, Plan, Split
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.writes import Writes
from tunebook.engine.partial_model import base_of, is_partial
from tunebook.verbs.steps.book import kept, kept_model_id
from tunebook.verbs.steps.runs import Run

Array = NDArray[Any]
_ROWS = 20_000  # training rows at most: a baseline is to cost little


def answers(
    run: Run,
    rows: Rows,
    place: str,
    *,
    ask: Callable[[], Answers] | None = None,
    progress: Progress | None = None,
    texts: bool = True,
) -> Answers:
    """What a run's model answers to rows, shape (N, k), float32: from what was kept where these texts were asked of
    this model before.

    Args:
        place: folder in the run where the answers are kept, see `place_of`.
        ask: runs the model over the rows, where the caller has loaded it, or will need it again.
        texts: with what the model writes itself, of tasks whose answers hold that.

    Raises:
        RunError: the run has not finished, or has no model. ModelError: `model.damaged`.
    """

    def asked() -> Answers:
        from tunebook.engine.load import load_model

        return load_model(run.model, run.plan).logits(rows, progress, cache=run.book / "cache", texts=texts)

    known = known_answers(run, rows, place, texts=texts)
    return answered(kept_at(run, place, texts=texts), rows, ask or asked, _model(run)) if known is None else known


def known_answers(run: Run, rows: Rows, place: str, *, texts: bool = True) -> Answers | None:
    """The same where it was kept; None where the model would have to be asked."""
    model = _model(run)
    whole = kept_answers(kept_at(run, place), rows, model)
    return kept_answers(kept_at(run, place, texts=False), rows, model) if whole is None and not texts else whole


def kept_at(run: Run, place: str, *, texts: bool = True) -> Path:
    """The file of what a run's model answered; one of its own without what it writes."""
    return run.path / place / ("logits.npz" if texts else "read.npz")


def place_of(plan: Plan, data: DataRef, split: str) -> str:
    """Folder in a run for its answers to a split: of the run's own rows the split's name, else the hash of the rows.

    Args:
        plan: of the run.
    """
    other = f"earlier/{data.content}"
    return split if data.content == plan.data else other if split == "validation" else f"{other}/{split}"


def model_key(run: Run) -> str:
    """Hash of all that a run's answers depend on beside the rows: its plan, its model and the base model of a part.

    Raises:
        ModelError, MachineError: the base model is no longer to be had.
    """
    plan, folder = run.plan, run.path / "model"
    base = kept_model_id(base_of(folder, plan)[0], run.book) if is_partial(folder) else ""
    return content_id([plan.id, kept_model_id(folder, run.book), base], 24)


def _model(run: Run) -> str:
    """The same; empty for a run whose model, or its base, is gone: what it answered is known all the same."""
    with suppress(ModelError, MachineError):
        return model_key(run) if run.has_model else ""
    return ""


@dataclass(frozen=True)
class BaselineAnswers:
    """What a baseline answers, shape (N, k), and the seconds that it took to be trained and asked."""

    logits: Array
    seconds: float


def baselines(plan: Plan, data: DataRef, split: Split, progress: Progress | None = None) -> dict[str, dict[str, float]]:
    """Name -> metric -> value of each baseline of the task, kept in the book's cache.

    Raises:
        MachineError: a library that they need is not installed.
    """
    key = _baseline_key(plan, data, split)
    found: dict[str, dict[str, float]] = kept(
        data.path.parent, f"baselines-{key}", lambda: _measure(plan, data, split, progress)
    )
    return found


def _measure(plan: Plan, data: DataRef, split: Split, progress: Progress | None) -> dict[str, dict[str, float]]:
    from tunebook.data.load import load

    task, rows, found = task_of(plan.task)(), load(data, split), {}
    assert rows.targets is not None  # evaluation has refused rows without labels
    for name, item in baseline_answers(plan, data, split, progress).items():
        logits = np.asarray(item.logits, dtype=np.float32)
        answered(_kept_baseline(plan, data, split, name), rows, lambda logits=logits: logits)  # type: ignore[misc]
        found[name] = task.scores(logits, rows.targets, plan.labels)
    return found


def baseline_logits(
    plan: Plan, data: DataRef, split: Split, name: str, progress: Progress | None = None
) -> NDArray[np.float32]:
    """What one baseline answers to the rows of a split, shape (N, k): as it was kept when its scores were measured.
    Raises as `baselines`."""
    from tunebook.data.load import load

    def asked() -> NDArray[np.float32]:
        return np.asarray(baseline_answers(plan, data, split, progress, only=name)[name].logits, dtype=np.float32)

    return answered(_kept_baseline(plan, data, split, name), load(data, split), asked)


def _baseline_key(plan: Plan, data: DataRef, split: Split) -> str:
    task, own = task_of(plan.task)(), []
    if task.own is not None and isinstance(task, Writes):  # which tokens are scored, and how long answers may be
        own = [plan.params.more(task.own).model_dump(), plan.params.max_length]
    return content_id([data.content, plan.task, plan.model_id, split, _ROWS, *own])


def _kept_baseline(plan: Plan, data: DataRef, split: Split, name: str) -> Path:
    return data.path.parent / "cache" / f"baselines-{_baseline_key(plan, data, split)}-{name}.npz"


def baseline_answers(
    plan: Plan, data: DataRef, split: Split, progress: Progress | None = None, only: str = ""
) -> dict[str, BaselineAnswers]:
    """Name -> answers of each baseline to the rows of a split, or of one `only`. Raises as `baselines`."""
    found = {}
    for name, answer in _baselines(plan, data, split, progress).items():
        if only not in ("", name):
            continue
        begun = time.perf_counter()
        found[name] = BaselineAnswers(answer(), time.perf_counter() - begun)
    return found


def baseline_names(plan: Plan, data: DataRef, split: Split) -> list[str]:
    """Names of the baselines of a plan's task, none of which is asked. Raises as `baselines`."""
    return list(_baselines(plan, data, split, None))


def _baselines(
    plan: Plan, data: DataRef, split: Split, progress: Progress | None
) -> Mapping[str, Callable[[], NDArray[Any]]]:
    """Name -> what gives its answers to the rows of a split."""
    from tunebook.data.load import load

    rows = {part: load(data, part) for part in ("train", "validation", split)}
    rows["train"] = _sample(rows["train"], plan.seed)

    def features(texts: Sequence[str]) -> NDArray[np.float32]:
        return frozen_features(plan, texts, progress)

    return task_of(plan.task)().baselines(BaselineInput(plan, data, split, rows, features))


def _sample(rows: Rows, seed: int) -> Rows:
    if len(rows) <= _ROWS:
        return rows
    chosen = np.sort(np.random.default_rng(seed).choice(len(rows), _ROWS, replace=False))
    return rows.at(chosen.tolist())


def frozen_features(plan: Plan, texts: Sequence[str], progress: Progress | None) -> NDArray[np.float32]:
    """Mean of the base model's last layer, shape (N, hidden)."""
    from tunebook.engine.infer import features
    from tunebook.models.source import find_model, load_tokenizer

    folder = find_model(plan.model, allow_pickle=True)
    length = plan.params.max_length
    return features(folder, list(texts), task_of(plan.task)(), load_tokenizer(folder), length, progress)


__all__ = [
    "BaselineAnswers",
    "answers",
    "baseline_answers",
    "baseline_logits",
    "baseline_names",
    "baselines",
    "frozen_features",
    "kept_at",
    "known_answers",
    "model_key",
    "place_of",
]
