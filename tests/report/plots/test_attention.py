"""Small pictures of attention."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tunebook.report.plots.attention import map_picture, png, strongest_pair

WEIGHTS = [[0.25, 0.75, 0.0], [1.0, 0.0, 0.0]]


def test_a_picture_is_what_another_reader_makes_of_it() -> None:
    found = np.asarray(Image.open(io.BytesIO(png(WEIGHTS))))
    assert found.shape == (2, 3, 4) and (found[..., :3] == found[0, 0, :3]).all()
    assert found[..., 3] / 255 == pytest.approx(np.sqrt(WEIGHTS), abs=0.003)


def test_the_strongest_pair_is_told_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    assert strongest_pair(WEIGHTS, ["a", "b", "c"], 0, 1) == "Layer 1, head 2: strongest from b to a (1.00)"
    shown = map_picture(WEIGHTS, ["<a>", "b", "c"], 1, 0)
    assert "data:image/png;base64," in shown and 'alt="Layer 2, head 1: strongest from b to &lt;a&gt; (1.00)"' in shown
