"""Wrong labels are told from hard rows by two views, and their rate is what was planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.diagnosis.worlds import FAULTS, healthy

from tunebook.diagnosis.noise_rate import NOTHING, Doubts, Rate, Rates, doubts, rate, rates


def views(seed: int, rows: int = 3000, able: tuple[float, float] = (3.0, 1.0)) -> tuple[np.ndarray, ...]:
    """True classes, and scores of two views that err independently of each other."""
    rng = np.random.default_rng(seed)
    true = rng.integers(3, size=rows)
    first, second = (strength * np.eye(3)[true] + rng.normal(size=(rows, 3)) for strength in able)
    chances = np.exp(first)
    return true, chances / chances.sum(1, keepdims=True), second


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_the_rate_is_that_of_the_wrong_labels(share: float) -> None:
    true, chances, second = views(0)
    rng = np.random.default_rng(1)
    labels = np.where(rng.random(len(true)) < share, (true + 1) % 3, true)
    told = doubts(chances, second, labels)
    assert isinstance(told, Doubts)
    found = rate(told)
    assert isinstance(found, Rate)
    assert found.p_value < 1e-3
    assert found.rate.low < share < found.rate.high
    assert found.rate.value == pytest.approx(share, abs=0.06)
    assert (labels[told.places] != true[told.places]).mean() > 0.85
    assert rate(told, told).rows == 2 * found.rows


def test_rows_that_a_weak_model_is_wrong_about_are_no_wrong_labels() -> None:
    """A model that is sure and often wrong, as one that cannot read the texts: a second view does not back it."""
    rng = np.random.default_rng(2)
    true = rng.integers(2, size=2000)
    said = np.where(rng.random(2000) < 0.7, true, 1 - true)
    chances = np.where(np.eye(2)[said] > 0, 0.99, 0.01)
    second = np.eye(2)[true] + rng.normal(size=(2000, 2))
    found = rate(doubts(chances, second, true))
    assert found.wrong > 150
    assert found.p_value > 0.5
    assert found.rate.value == 0.0


def test_a_second_view_that_says_nothing_proves_nothing() -> None:
    true, chances, second = views(3)
    labels = np.where(np.random.default_rng(1).random(len(true)) < 0.2, (true + 1) % 3, true)
    blind = np.random.default_rng(4).normal(size=second.shape)
    assert rate(doubts(chances, blind, labels)).p_value > 0.01
    assert rate(doubts(chances, np.full_like(second, -np.inf), labels)).rate == NOTHING


def test_rates_of_split_and_training_rows() -> None:
    for seed in range(3):
        worlds = (healthy(seed), FAULTS["noise"](healthy(seed)))
        sound, noisy = (rates(world.seen(), np.arange(len(world.names))) for world in worlds)
        assert isinstance(sound, Rates)
        assert sound.p_value > 0.05
        assert noisy.p_value < 1e-3
        assert noisy.both.rate.low < 0.2 < noisy.both.rate.high


def test_the_other_name_of_a_class_is_no_wrong_label() -> None:
    world = healthy()
    labels = tuple(np.where(world.rng.random(len(side)) < 0.25, side + 4, side) for side in world.labels)
    seen = replace(world, labels=labels, names=list("abcdefgh")).seen()
    apart, together = (rates(seen, number) for number in (np.arange(8), np.arange(8) % 4))
    assert apart.both.wrong > 30
    assert together.both.wrong < 5
    assert together.p_value > 0.05
    seen.bare.judged[:, 7] = -np.inf  # a name of which bare words know nothing
    again = rates(seen, np.arange(8) % 4)
    assert again.judged.wrong == together.judged.wrong
    assert np.isfinite(again.judged.rate.value)


def test_a_class_of_few_rows_has_no_wrong_labels() -> None:
    """Its rows lie where another class does and all are sure and wrong: bare words know too little of it to agree."""
    for seed in range(4):
        world = healthy(seed)
        kept = np.flatnonzero((world.labels[0] != 2) | (np.cumsum(world.labels[0] == 2) <= 6))
        one, two = (world.vectors[0][world.labels[0] == number].mean(0) for number in (1, 2))
        theirs = world.labels[1] == 2
        few = replace(
            world, said=np.where(theirs, 1, world.said), learnt=world.learnt[kept],
            labels=(world.labels[0][kept], world.labels[1]),
            texts=([world.texts[0][row] for row in kept], world.texts[1]),
            vectors=(world.vectors[0][kept], world.vectors[1] + theirs[:, None] * (one - two)),
        ).seen()  # fmt: skip
        found = rates(few, np.arange(4))
        assert found.judged.wrong >= 5
        assert found.p_value > 0.05
