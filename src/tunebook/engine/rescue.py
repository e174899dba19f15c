"""The model that a diverged training had kept before it went wrong."""

from __future__ import annotations

from pathlib import Path

from tunebook.core.damage import read_object
from tunebook.engine.checkpoints import sound_checkpoint
from tunebook.engine.fit import Fit


def rescue(fit: Fit) -> Path | None:
    """Write the best checkpoint of a run that failed as its `model/`; None where it had kept none.

    The run stays unfinished: it has no outcome.
    """
    checkpoint = best_checkpoint(fit.folder)
    if checkpoint is None:
        return None
    trainer = fit.prepare()
    trainer._load_from_checkpoint(str(checkpoint))
    fit.keep(trainer)
    return fit.folder / "model"


def best_checkpoint(folder: Path) -> Path | None:
    """The checkpoint with the best score so far, as the newest one remembers it; else the newest."""
    newest = sound_checkpoint(folder)
    if newest is None:
        return None
    state = read_object(newest / "trainer_state.json")
    best = newest.parent / Path(state.get("best_model_checkpoint") or newest).name  # the book may have been moved
    return best if best.is_dir() else newest


__all__ = ["best_checkpoint", "rescue"]
