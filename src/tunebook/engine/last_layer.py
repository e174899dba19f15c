"""The last layer for the first token alone, in a training whose head reads no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from tunebook.engine.frozen import Texts, read_once
from tunebook.engine.seam import WovenTrainer
from tunebook.nets.first_token import first_alone
from tunebook.nets.parts import shared_out

KEY = "last_layer"  # of the counters


@contextmanager
def first_token_only(trainer: WovenTrainer, texts: Texts) -> Iterator[None]:
    """Inside, the last layer is computed for the first token of each text, where the model answers a few rows alike."""
    run, model = trainer.weave.run, trainer.model
    last = None
    # What is computed again for the way back would be so outside of the pass.
    if not run.settings.gradient_checkpointing and len(texts.view.rows):
        last = first_alone(model, texts.some(texts.view.rows, next(model.parameters()).device))
    if last is not None:
        run.noted(KEY, first_token=1)
    with last.held() if last is not None else nullcontext():
        yield


@contextmanager
def lighter(trainer: WovenTrainer, texts: Texts) -> Iterator[None]:
    """Inside, passes leave out what nobody reads, and what is known; not where each process holds a part of the model,
    whose layers are whole in their own passes alone."""
    if shared_out(trainer.model) is not None:
        yield
        return
    with first_token_only(trainer, texts), read_once(trainer, texts):
        yield


__all__ = ["KEY", "first_token_only", "lighter"]
