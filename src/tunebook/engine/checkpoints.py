"""Checkpoints that are damaged are set aside, so that a run goes on from the newest one that is whole.

Of a run that has diverged the best one becomes its model.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from transformers.trainer_callback import TrainerState

from tunebook.core.folders import read_object
from tunebook.core.messages import say
from tunebook.core.progress import Progress, Silent, tell
from tunebook.engine.outcome import complete_checkpoints, last_checkpoint, step_of
from tunebook.engine.weave import STATE_FILE
from tunebook.models.files import unreadable

if TYPE_CHECKING:
    from tunebook.engine.fit import Fit

_STATE = "trainer_state.json"
_NEEDED = (STATE_FILE, _STATE, "optimizer.pt", "scheduler.pt", "rng_state*.pth", "*.safetensors")


def sound_checkpoint(folder: Path, progress: Progress | None = None) -> Path | None:
    """The newest checkpoint of a run whose every file can be read; None where there is none.

    Damaged ones get a name under which they are no longer found, and are told of: the trainer goes on without a word
    where the optimiser's state or that of the random numbers is missing.
    """
    broken = {}
    for checkpoint in complete_checkpoints(folder):  # what a kill has cut off was never one
        if file := fault(checkpoint):
            checkpoint.rename(_free(checkpoint.with_name(f"damaged-{checkpoint.name}")))
            broken[checkpoint.name] = file
    found = last_checkpoint(folder)
    for name, file in broken.items():
        code = "run.checkpoint_damaged" if found else "run.checkpoints_damaged"
        tell(progress or Silent(), say(code, name=name, file=file, step=step_of(found)))
    return found


def fault(checkpoint: Path) -> str:
    """Name of the first file of a checkpoint that is missing or cannot be read; empty for one that is whole."""
    try:
        TrainerState.load_from_json(str(checkpoint / _STATE))
    except (OSError, ValueError, TypeError):  # the last: of a newer transformers
        return _STATE
    return unreadable(checkpoint, _NEEDED)


def _free(path: Path) -> Path:
    """A name that is not taken, for what was set aside before."""
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.name}-{number}")
    return found


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


__all__ = ["best_checkpoint", "fault", "rescue", "sound_checkpoint"]
