"""The mean of several models' answers against means of probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tunebook.engine.ensemble import ensemble


@pytest.mark.parametrize("problem", ["single_label", "multi_label", "regression", "ordinal"])
def test_an_ensemble_is_the_mean_of_what_its_members_say(problem: str) -> None:
    draw = np.random.default_rng(0)
    answers = [draw.normal(size=(6, 3)).astype(np.float32) for _ in range(4)]
    found = ensemble(answers, problem)

    def said(logits: NDArray[np.float32]) -> NDArray[np.float32]:
        if problem == "single_label":
            return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        return 1 / (1 + np.exp(-logits)) if problem == "multi_label" else logits

    assert abs(said(found) - np.mean([said(one) for one in answers], axis=0)).max() < 1e-6
    assert found.dtype == np.float32 and np.isfinite(ensemble([1e4 * one for one in answers], problem)).all()
