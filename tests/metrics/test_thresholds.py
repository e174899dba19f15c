"""Thresholds: the cut is the best one, and is drawn towards the common one where rows are few."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from tunebook.metrics.calibration import sigmoid
from tunebook.metrics.classification import multi_label_scores
from tunebook.metrics.thresholds import FEWEST, PRIOR_ROWS, best_thresholds


def skewed(rows, seed):
    rng = np.random.default_rng(seed)
    targets = rng.random((rows, 4)) < np.array([0.4, 0.2, 0.1, 0.05])
    return rng.normal(size=(rows, 4)) + 2 * targets - np.array([0.0, 1.0, 2.0, 3.0]), targets


@pytest.mark.parametrize("seed", range(5))
def test_one_class_takes_the_best_of_all_cuts(seed):
    logits, targets = skewed(120, seed)
    logits, targets = np.round(logits[:, :1], 1), targets[:, :1]
    cut = best_thresholds(logits, targets)[0]
    scores = sigmoid(logits)
    best = max(f1_score(targets, scores >= value) for value in np.unique(scores))
    assert f1_score(targets, scores > cut) == pytest.approx(best)


def test_own_cuts_beat_one_half_on_new_rows():
    cuts = best_thresholds(*skewed(3000, 0))
    logits, targets = skewed(20000, 1)
    tuned, plain = (multi_label_scores(logits, targets, at)["macro_f1"] for at in (cuts, 0.5))
    assert tuned > plain + 0.05


def test_rare_classes_take_the_common_cut_and_others_are_drawn_to_it():
    logits, targets = skewed(400, 2)
    targets[:, 3] = False
    targets[: FEWEST - 1, 3] = True
    cuts = best_thresholds(logits, targets)
    common = best_thresholds(logits.reshape(-1, 1), targets.reshape(-1, 1))[0]
    assert cuts[3] == pytest.approx(common)
    own = best_thresholds(logits[:, :1], targets[:, :1])[0]
    positives = targets[:, 0].sum()
    assert cuts[0] == pytest.approx((positives * own + PRIOR_ROWS * common) / (positives + PRIOR_ROWS))


def test_without_positives_or_numbers_the_cut_is_one_half():
    assert best_thresholds(np.zeros((5, 2)), np.zeros((5, 2))).tolist() == [0.5, 0.5]
    assert best_thresholds(np.full((5, 2), np.nan), np.ones((5, 2))) == pytest.approx(np.full(2, 0.5))


def test_a_class_that_all_rows_have_is_always_given():
    logits = np.linspace(-3, 3, 10)[:, None]
    assert (sigmoid(logits) > best_thresholds(logits, np.ones((10, 1)))).all()
