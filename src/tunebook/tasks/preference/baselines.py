"""What a model of preferences is compared with: how likely its base model finds answers, and their length."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.hooks import BaselineInput
from tunebook.tasks.preference.told import Told, there
from tunebook.tasks.untrained import untrained

Array = NDArray[Any]


def baselines(task: Any, given: BaselineInput) -> Mapping[str, Callable[[], Array]]:
    """`base`: the answer whose tokens the base model finds likelier on average; of whole answers the shorter one would
    nearly always be. `longer`: the answer of more characters. Of answers that are judged one by one each says good of
    the upper half."""
    return {"base": partial(_base, task, given), "longer": partial(_longer, given)}


def _longer(given: BaselineInput) -> Array:
    targets = given.rows[given.split].targets
    assert targets is not None
    return _ordered(np.array([[len(text) for text in pair] for pair in targets.tolist()], dtype=np.float64), targets)


def _base(task: Any, given: BaselineInput) -> Array:
    told = Told.of(untrained(task, given)[2])
    return _ordered(told.mean, given.rows[given.split].targets)


def _ordered(values: Array, targets: Any) -> Array:
    """Values (N, 2) of answers as if so much had been gained; of single ones what they are above the median."""
    known = there(targets)
    alone = known.sum(1) == 1
    middle = np.where(alone, np.median(values[known & alone[:, None]]) if alone.any() else 0.0, 0.0)
    # No token was read, so that nothing is said of rewards.
    return Told(np.where(known, values, 0.0), 0.0 * known, np.where(known, middle[:, None], 0.0)).matrix()


__all__ = ["baselines"]
