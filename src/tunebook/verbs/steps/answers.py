"""What a run answers to rows: the one place that asks its model, once, and keeps what it said in the run's folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tunebook.core.answers import Answers, Rows, answered, kept_answers
from tunebook.core.errors import MachineError, ModelError
from tunebook.core.files import content_id
from tunebook.core.nouns import DataRef, Plan
from tunebook.core.progress import Progress
from tunebook.engine.part import base_of, is_part
from tunebook.verbs.steps.kept import kept_model_id
from tunebook.verbs.steps.runs import Run


def answers(
    run: Run, rows: Rows, place: str, *, ask: Callable[[], Answers] | None = None, progress: Progress | None = None
) -> Answers:
    """What a run's model answers to rows, shape (N, k), float32: from what was kept where these texts were asked of
    this model before.

    Args:
        place: folder in the run where the answers are kept, see `place_of`.
        ask: runs the model over the rows, where the caller has loaded it, or will need it again.

    Raises:
        RunError: the run has not finished, or has no model. ModelError: `model.damaged`.
    """

    def asked() -> Answers:
        from tunebook.engine.load import load_model

        return load_model(run.model, run.plan).logits(rows, progress, cache=run.book / "cache")

    return answered(kept_at(run, place), rows, ask or asked, _model(run))


def known_answers(run: Run, rows: Rows, place: str) -> Answers | None:
    """The same where it was kept; None where the model would have to be asked."""
    return kept_answers(kept_at(run, place), rows, _model(run))


def kept_at(run: Run, place: str) -> Path:
    """The file of what a run's model answered."""
    return run.path / place / "logits.npz"


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
    base = kept_model_id(base_of(folder, plan)[0], run.book) if is_part(folder) else ""
    return content_id([plan.id, kept_model_id(folder, run.book), base], 24)


def _model(run: Run) -> str:
    """The same; empty for a run whose model, or its base, is gone: what it answered is known all the same."""
    with suppress(ModelError, MachineError):
        return model_key(run) if run.has_model else ""
    return ""


__all__ = ["answers", "kept_at", "known_answers", "model_key", "place_of"]
