"""The answers of several models as those of one; loads no torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunebook.core.kinds import CLASSES, NUMBERS, unknown_kind


def ensemble(answers: Sequence[NDArray[np.float32]], problem: str) -> NDArray[np.float32]:
    """Answers (N, outputs) of several models as those of one: the logits of their mean probability, or the mean of
    numbers."""
    logits = np.stack(answers).astype(np.float64)
    if problem in NUMBERS:
        return np.asarray(logits.mean(axis=0), dtype=np.float32)
    if problem == "multi_label":
        yes, no = (-np.logaddexp(0, -side) for side in (logits, -logits))
        return (_log_mean(yes) - _log_mean(no)).astype(np.float32)
    if problem == "single_label":
        top = logits.max(axis=2, keepdims=True)
        normal = top + np.log(np.exp(logits - top).sum(axis=2, keepdims=True))
        return _log_mean(logits - normal).astype(np.float32)
    raise unknown_kind(problem, *CLASSES, *NUMBERS)


def _log_mean(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.logaddexp.reduce(logs, axis=0) - np.log(len(logs))
    return found


__all__ = ["ensemble"]
