"""The probe against scikit-learn, its folds, and the exact tests against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from tests.diagnosis.worlds import healthy

from tunebook.diagnosis.better import at_least, fisher, p_of_less
from tunebook.diagnosis.probe import FOLDS, Crossed, Probe, crossed, folds, softmax


@pytest.mark.parametrize("shrink", [0.1, 0.7])
def test_a_probe_is_the_shrunk_discriminant_of_scikit_learn(shrink: float) -> None:
    world = healthy()
    vectors, classes = world.vectors[0], world.labels[0]
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrink).fit(vectors, classes)
    ours = Probe.of(vectors, classes, 4).with_shrink(shrink)
    np.testing.assert_allclose(ours.chances(world.vectors[1]), theirs.predict_proba(world.vectors[1]), atol=1e-6)


def test_a_class_without_rows_is_never_said() -> None:
    world = healthy()
    found = crossed(world.vectors[0], world.labels[0], 6)
    assert isinstance(found, Crossed)
    assert found.probe.chances(world.vectors[1])[:, 4:].max() == 0
    assert np.isfinite(found.chances).all()
    np.testing.assert_allclose(found.chances.sum(1), 1)


def test_held_out_rows_are_judged_by_others_and_their_chances_are_calibrated() -> None:
    world = healthy(apart=2.0)
    vectors, classes = world.vectors[0], world.labels[0]
    found = crossed(vectors, classes, 4)
    held = folds(classes) == 2
    fitted = found.probe
    alone = Probe.of(vectors[~held], classes[~held], 4, fitted.shrink, fitted.heat)
    np.testing.assert_allclose(found.chances[held], alone.chances(vectors[held]))
    right = found.chances.argmax(1) == classes
    assert abs(right.mean() - found.chances.max(1).mean()) < 0.05


def test_folds_deal_out_each_class_evenly() -> None:
    classes = np.repeat([0, 1, 2], [50, 10, 5])
    found = folds(classes)
    for number in range(3):
        counts = np.bincount(found[classes == number], minlength=FOLDS)
        assert counts.max() - counts.min() <= 1
    assert (folds(classes, seed=1) != found).any()


def test_softmax_takes_what_is_never_said() -> None:
    np.testing.assert_allclose(softmax(np.array([[0.0, -np.inf, 0.0]])), [[0.5, 0.0, 0.5]])


def test_exact_tests_are_those_of_scipy() -> None:
    assert at_least(7, 20, 0.2) == pytest.approx(binomtest(7, 20, 0.2, alternative="greater").pvalue)
    assert at_least(0, 20, 0.2) == 1.0
    theirs = fisher_exact([[9, 11], [10, 70]], alternative="greater")[1]
    assert fisher(9, 20, 10, 80) == pytest.approx(theirs)
    assert fisher(0, 0, 3, 10) == 1.0
    ours, other = np.array([1, 1, 1, 0, 1.0]), np.array([0, 0, 1, 1, 0.0])
    assert p_of_less(ours, other) == pytest.approx(binomtest(3, 4, 0.5, alternative="greater").pvalue)
