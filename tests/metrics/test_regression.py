"""Scores of numbers against scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as oracle

from tunebook.metrics.regression import nearest_level, ordinal_scores, pearson, regression_scores, spearman


def numbers(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    target = np.round(rng.normal(3, 1, rows), 1)
    return np.round(target + rng.normal(size=rows), 1), target


def test_regression_scores_agree_with_the_oracles():
    pred, target = numbers()
    scores = regression_scores(pred, target)
    assert scores["mse"] == pytest.approx(oracle.mean_squared_error(target, pred))
    assert scores["rmse"] == pytest.approx(oracle.root_mean_squared_error(target, pred))
    assert scores["mae"] == pytest.approx(oracle.mean_absolute_error(target, pred))
    assert scores["r2"] == pytest.approx(oracle.r2_score(target, pred))
    assert scores["pearson"] == pytest.approx(stats.pearsonr(pred, target)[0])
    assert scores["spearman"] == pytest.approx(stats.spearmanr(pred, target)[0])


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 / 3])
def test_a_constant_has_no_correlation(value):
    _, target = numbers()
    scores = regression_scores(np.full(len(target), value), target)
    assert np.isnan([scores["pearson"], scores["spearman"]]).all()
    assert np.isnan(regression_scores(target, np.full(len(target), value))["r2"])


def test_predictions_that_are_not_numbers_make_scores_nan():
    scores = regression_scores(np.array([np.nan, 1.0, 2.0]), np.array([0.0, 1.0, 2.0]))
    assert np.isnan([value for value in scores.values()]).all()


def test_weights_count_a_row_as_often_as_it_is_repeated():
    pred, target = numbers(80)
    weights = np.random.default_rng(3).integers(0, 4, size=(6, 80)).astype(float)
    for score in (pearson, spearman):
        expected = [float(score(np.repeat(pred, w.astype(int)), np.repeat(target, w.astype(int)))) for w in weights]
        assert score(pred, target, weights) == pytest.approx(np.array(expected))


def test_correlation_stands_a_large_offset():
    pred, target = numbers()
    assert pearson(pred + 1e6, target) == pytest.approx(float(pearson(pred, target)), abs=1e-8)


def test_ordinal_scores_agree_with_the_oracles():
    rng = np.random.default_rng(5)
    target = rng.integers(5, size=400)
    pred = target + rng.normal(scale=0.8, size=400)
    scores = ordinal_scores(pred, target, 5)
    levels = np.clip(np.rint(pred), 0, 4).astype(int)
    assert scores["accuracy"] == pytest.approx((levels == target).mean())
    assert scores["macro_f1"] == pytest.approx(oracle.f1_score(target, levels, average="macro"))
    assert scores["qwk"] == pytest.approx(oracle.cohen_kappa_score(target, levels, weights="quadratic"))
    assert scores["mae"] == pytest.approx(np.abs(pred - target).mean())
    assert scores["spearman"] == pytest.approx(stats.spearmanr(pred, target)[0])


def test_levels_round_halves_upwards_and_stay_inside():
    assert nearest_level(np.array([-3.0, 0.5, 1.49, 1.5, 9.0]), 3).tolist() == [0, 1, 1, 2, 2]


def test_ordinal_scores_of_a_diverged_model_are_nan():
    assert np.isnan(list(ordinal_scores(np.array([np.inf, 0.0]), np.array([1, 0]), 2).values())).all()


@pytest.mark.parametrize(("pred", "target"), [([], []), ([1.0], [1.0, 2.0]), ([[1.0]], [[1.0]])])
def test_shapes_that_do_not_belong_together_are_refused(pred, target):
    with pytest.raises(ValueError, match="cannot be scored"):
        regression_scores(np.array(pred), np.array(target))
