"""The model that a diverged training had kept before it went wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tunebook.engine.fit import Fit, last_checkpoint
from tunebook.engine.trim import restore


def rescue(fit: Fit) -> Path | None:
    """Write the best checkpoint of a run that failed as its `model/`; None where it had kept none.

    The run stays unfinished: it has no outcome.
    """
    checkpoint = best_checkpoint(fit.folder)
    if checkpoint is None:
        return None
    trainer = fit.prepare()
    trainer._load_from_checkpoint(str(checkpoint))
    model: Any = trainer.accelerator.unwrap_model(trainer.model)
    restore(model)
    part, kept = fit.folder / "model.part", fit.folder / "model"
    for left in (part, kept):
        shutil.rmtree(left, ignore_errors=True)
    model.save_pretrained(str(part))
    fit.material.tokenizer.save_pretrained(str(part))
    part.replace(kept)
    return kept


def best_checkpoint(folder: Path) -> Path | None:
    """The checkpoint with the best score so far, as the newest one remembers it; else the newest."""
    newest = last_checkpoint(folder)
    if newest is None:
        return None
    state = json.loads((newest / "trainer_state.json").read_text(encoding="utf-8"))
    best = newest.parent / Path(state.get("best_model_checkpoint") or newest).name  # the book may have been moved
    return best if best.is_dir() else newest


__all__ = ["best_checkpoint", "rescue"]
