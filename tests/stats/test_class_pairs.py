"""Pairs of classes against errors that fall anywhere."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.stats.class_pairs import chance_of_pairs, holm, more_than_chance


def test_an_error_falls_on_rows_and_other_classes_at_random() -> None:
    chance = chance_of_pairs(np.array([60, 30, 10]))
    assert chance.sum() == pytest.approx(1)
    assert np.diag(chance).tolist() == [0, 0, 0]
    assert chance[0].sum() == pytest.approx(0.6)
    assert chance[0, 1] == pytest.approx(0.6 * 30.5 / 41)
    assert chance_of_pairs(np.array([5, 0]))[0, 1] == pytest.approx(1)
    assert not chance_of_pairs(np.array([0, 0])).any()


def test_p_values_are_binomial_and_corrected() -> None:
    from math import comb

    seen = np.array([[0, 5, 0], [1, 0, 0], [0, 1, 0]])
    chance = chance_of_pairs(np.array([40, 40, 20]))
    found = more_than_chance(seen, chance)
    q = chance[0, 1]
    alone = sum(comb(7, k) * q**k * (1 - q) ** (7 - k) for k in range(5, 8))
    assert found[0, 1] == pytest.approx(6 * alone)
    assert found[1, 0] == found[0, 0] == 1


def test_holm_by_hand() -> None:
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
    assert len(holm(np.zeros(0))) == 0


def test_a_pair_is_rarely_named_where_errors_fall_anywhere() -> None:
    rng, named, counts = np.random.default_rng(0), 0, np.array([50, 30, 20, 20, 10])
    chance = chance_of_pairs(counts)
    for _ in range(200):
        seen = rng.multinomial(40, chance.ravel()).reshape(5, 5)
        named += bool(more_than_chance(seen, chance).min() <= 0.05)
    assert named <= 20
