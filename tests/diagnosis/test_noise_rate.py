"""Wrong labels of a run's rows are told from hard ones, and their rate is what was planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.diagnosis.worlds import FAULTS, healthy

from tunebook.diagnosis.lapses import Labelled
from tunebook.diagnosis.noise_rate import NOTHING, Rate, Rates, of_errors, rate, rates


def test_a_rate_of_rows_tells_which_labels_are_doubted() -> None:
    """Views of which each is sure of its class, with a fifth of the labels from another one."""
    rng = np.random.default_rng(0)
    true = rng.integers(3, size=900)
    views = [3 * np.eye(3)[true] + rng.normal(size=(900, 3)) for _ in range(2)]
    wrong = rng.random(900) < 0.2
    found = rate(Labelled.of(views, np.where(wrong, (true + 1) % 3, true)))
    assert isinstance(found, Rate)
    assert found.rate.low < wrong.mean() < found.rate.high
    assert wrong[found.places].mean() > 0.9
    assert np.diff(found.doubts[found.places]).max() <= 0
    assert found.other == pytest.approx(wrong.sum(), abs=15)
    mass = np.where(wrong, 1.0, 0.0)
    assert of_errors(found, mass).value > 0.8
    assert of_errors(found, 1 - mass).value < 0.1
    sound = rate(Labelled.of(views, true))
    assert sound.p_value == 1.0
    assert of_errors(replace(sound, rate=NOTHING), mass) == NOTHING


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
    assert apart.both.other > 100
    assert together.both.other < 50
    assert together.p_value > 0.05
    seen.bare.judged[:, 7] = -np.inf  # a name of which bare words know nothing
    again = rates(seen, np.arange(8) % 4)
    assert again.judged.other < 50
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
        assert found.judged.other >= 5
        assert found.p_value > 0.05
