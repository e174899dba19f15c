"""What a tuned model is compared with: its base model before training, and the answer of the nearest training row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from numpy.typing import NDArray

from tunebook.core.hooks import BaselineInput
from tunebook.tasks.untrained import untrained

Array = NDArray[Any]


def baselines(task: Any, given: BaselineInput) -> Mapping[str, Callable[[], Array]]:
    """`base`."""
    return {"base": partial(_base, task, given)}


def _base(task: Any, given: BaselineInput) -> Array:
    """What the base model says of the true answers, and what it answers itself."""
    model, tokenizer, read = untrained(task, given)
    said: Array = task.written(model, tokenizer, given.rows[given.split], given.plan.params).beside(read)
    return said


__all__ = ["baselines"]
