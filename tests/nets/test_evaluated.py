"""Whoever asks a model in between leaves it as it was, whatever happens."""

from __future__ import annotations

import pytest
from torch import nn

from tunebook.nets.evaluated import evaluated


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_put_back(training: bool) -> None:
    model = nn.Sequential(nn.Dropout(0.5)).train(training)
    with pytest.raises(ZeroDivisionError), evaluated(model):
        assert not model.training and not model[0].training
        raise ZeroDivisionError
    assert model.training == model[0].training == training
