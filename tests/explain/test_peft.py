"""Models under every parameter-efficient method are explained like any other."""

from __future__ import annotations

import numpy as np
import pytest

from tests import efficient, tiny
from tests.explain.bag import units
from tunebook.core.explains import Aim
from tunebook.explain.attention import attention_of
from tunebook.explain.line import Line, line_of
from tunebook.explain.method import method_of
from tunebook.explain.methods.attention_rollout import rollout
from tunebook.explain.methods.integrated_gradients import attributions, near
from tunebook.explain.units import Piece


def line(key: str, kind: str) -> Line:
    model = efficient.under(key, kind)[0].eval()
    efficient.scatter(model, "")
    batch = tiny.collate([{"input_ids": [2, 7, 9, 11, 3], "labels": 0}], tiny.config(kind).pad_token_id)
    pieces = [Piece("", 0, 0), *(Piece("text", at, at + 1) for at in range(3)), Piece("", 0, 0)]
    return Line(model, line_of(batch, 0), pieces, 0, None, Aim("a", lambda found: found.logits[:, 0].float()))


@pytest.mark.parametrize("kind", ["bert", "llama"])
@pytest.mark.parametrize("key", efficient.METHODS)
def test_gradients_add_up_and_attention_is_that_of_the_text(key: str, kind: str) -> None:
    try:
        asked = line(key, kind)
    except Exception as error:  # not every method knows every kind of model
        pytest.skip(str(error))
    found = attributions(asked)
    assert abs(found.delta) <= near(found.values, found.whole) and found.values[0] == found.values[-1] == 0
    assert np.abs(found.values).sum() > 0
    assert len(method_of("occlusion").explain(asked, units(asked)).values) == 4
    shown = attention_of(asked)
    assert shown.maps.shape[-2:] == (5, 5) and shown.maps.sum(-1) == pytest.approx(1, abs=1e-4)
    assert rollout(shown).sum() == pytest.approx(1, abs=1e-4)
