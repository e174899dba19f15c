"""Nearest training rows, how far rows lie from all of them, and whether that tells errors."""

from __future__ import annotations

import numpy as np
import pytest
from tests.diagnosis.planted import looked

from tunebook.diagnosis.looked import Looked
from tunebook.diagnosis.vicinity import Vicinity, area, near_rows, nearest, strangeness, vicinity


def sphere(rng: np.random.Generator, count: int, width: int = 8) -> np.ndarray:
    found = rng.normal(size=(count, width))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def test_the_nearest_are_those_of_brute_force() -> None:
    rng = np.random.default_rng(0)
    vectors, known = sphere(rng, 1100), sphere(rng, 40)
    places, likeness = nearest(vectors, known, 5)
    order = np.argsort(-(vectors @ known.T), axis=1)[:, :5]
    assert (places == order).all()
    assert np.allclose(likeness, np.take_along_axis(vectors @ known.T, order, axis=1))
    assert nearest(vectors[:2], known[:3], 5)[0].shape == (2, 3)


def test_training_rows_are_ranked_without_themselves() -> None:
    rng = np.random.default_rng(1)
    known = sphere(rng, 300)
    same = Vicinity.of(sphere(rng, 300), known)
    assert same.rank.mean() == pytest.approx(0.5, abs=0.06)
    far = Vicinity.of(-known.mean(0, keepdims=True) / np.linalg.norm(known.mean(0)), known[:50] * 0 + known[:1])
    assert far.rank.tolist() == [1.0]


def test_an_area_is_the_share_of_pairs() -> None:
    rng = np.random.default_rng(2)
    scores, yes = rng.normal(size=60), rng.random(60) < 0.4
    pairs = (scores[yes][:, None] > scores[~yes][None, :]).mean()
    found = area(scores, yes, None)
    assert found is not None
    assert found.value == pytest.approx(pairs)
    assert found.low < pairs < found.high
    assert area(scores, np.ones(60, dtype=bool), None) is None


def test_strange_rows_that_are_wrong_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    known = np.abs(sphere(rng, 200))
    rows = np.abs(sphere(rng, 100))
    rows[:20] *= -1
    seen = looked(np.where(np.arange(100) < 18, 1, 0), np.zeros(100, dtype=int))
    vectors = {"train": known, "validation": rows}
    monkeypatch.setattr(Looked, "features", lambda self, split: vectors[split])
    lie = vicinity(seen)
    assert lie is not None
    found = strangeness(seen, lie)
    assert found.auc is not None
    assert found.auc.value > 0.95
    assert found.beyond.key == "strange"
    assert found.beyond.rows >= 20
    assert found.beyond.p_value < 0.01
    assert found.beyond.difference is not None
    assert found.beyond.difference.low > 0.3
    monkeypatch.setattr(Looked, "load", lambda self, split: looked([0] * 200, [0] * 200, given=None).rows)
    near = near_rows(seen, lie, [30, 3])
    assert [one.label for one in near[0]] == ["bad"] * 3
    assert near[0][0].likeness >= near[0][1].likeness > near[1][0].likeness
    vectors["train"] = known[:1]
    assert vicinity(seen) is None
