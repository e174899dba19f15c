"""Log-odds against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tunebook.nets.odds import log_odds


def test_their_sigmoid_is_the_probability() -> None:
    logits = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(0))
    found = torch.sigmoid(log_odds(logits, 2))
    assert found.numpy() == pytest.approx(torch.softmax(logits, -1)[..., 2].numpy())
    assert log_odds(logits, -1).numpy() == pytest.approx(log_odds(logits, 4).numpy())


def test_of_two_outputs_they_are_the_difference_and_of_one_the_output() -> None:
    logits = torch.tensor([[1.0, 4.0]])
    assert float(log_odds(logits, 1)[0]) == pytest.approx(3)
    assert log_odds(logits[:, :1], 0).numpy() == pytest.approx(np.array([1.0]))
