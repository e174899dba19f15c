"""Intervals: against SciPy, and their coverage by simulation with its Monte-Carlo error."""

import numpy as np
import pytest
from scipy import stats

from tunebook.metrics.classification import multi_label_scores, single_label_scores
from tunebook.metrics.counts import counts_of_confusion, macro_f1
from tunebook.metrics.regression import ordinal_scores, pearson, regression_scores
from tunebook.stats.bootstrap import (
    Resampling,
    bootstrap_interval,
    classification_intervals,
    multi_label_intervals,
    ordinal_intervals,
    regression_intervals,
)
from tunebook.stats.proportion import wilson_interval

QUICK = Resampling(resamples=400)


def ends(interval):
    return np.array([interval.low, interval.high])


def single(rows, seed, shares=(0.6, 0.3, 0.1)):
    rng = np.random.default_rng(seed)
    targets = rng.choice(len(shares), size=rows, p=shares)
    logits = rng.normal(size=(rows, len(shares)))
    logits[np.arange(rows), targets] += 1.5
    return logits, targets


def several(rows, seed):
    rng = np.random.default_rng(seed)
    targets = rng.random((rows, 3)) < 0.3
    return rng.normal(size=(rows, 3)) + 2 * targets - 1, targets


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_interval_of_a_mean_agrees_with_scipy(method):
    values = np.random.default_rng(0).exponential(size=80)
    seen = bootstrap_interval(values, 80, resamples=20000, seed=1, method=method)
    name = "BCa" if method == "bca" else "percentile"
    expected = stats.bootstrap((values,), np.mean, n_resamples=20000, method=name, rng=2).confidence_interval
    assert ends(seen) == pytest.approx(np.array(expected), abs=0.012)
    assert seen.value == pytest.approx(values.mean())


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_interval_of_a_function_agrees_with_scipy(method):
    rng = np.random.default_rng(3)
    values = rng.exponential(size=60)
    seen = bootstrap_interval(lambda rows: float(np.std(values[rows])), 60, resamples=6000, seed=1, method=method)
    name = "BCa" if method == "bca" else "percentile"
    expected = stats.bootstrap((values,), np.std, n_resamples=6000, method=name, rng=2).confidence_interval
    assert ends(seen) == pytest.approx(np.array(expected), abs=0.05)


def test_function_and_values_of_a_mean_give_the_same_interval():
    values = np.random.default_rng(4).random(40)
    by_function = bootstrap_interval(lambda rows: float(values[rows].mean()), 40, resamples=300, seed=7)
    assert ends(bootstrap_interval(values, 40, resamples=300, seed=7)) == pytest.approx(ends(by_function))


def test_pearson_interval_agrees_with_scipy():
    rng = np.random.default_rng(5)
    x = rng.normal(size=120)
    y = x + rng.normal(size=120)
    seen = regression_intervals(x, y, Resampling(8000))["pearson"]
    expected = stats.bootstrap(
        (x, y), lambda a, b, axis: pearson(a, b), paired=True, vectorized=True, n_resamples=8000, rng=1
    ).confidence_interval
    assert ends(seen) == pytest.approx(np.array(expected), abs=0.012)


def test_accuracy_interval_agrees_with_its_bootstrap():
    logits, targets = single(400, 0)
    seen = classification_intervals(logits, targets)["accuracy"]
    drawn = bootstrap_interval((logits.argmax(1) == targets).astype(float), 400, resamples=8000)
    assert ends(seen) == pytest.approx(ends(drawn), abs=0.006)
    assert seen == wilson_interval(int((logits.argmax(1) == targets).sum()), 400)


def test_the_same_seed_gives_the_same_interval_and_another_one_not():
    values = np.random.default_rng(0).random(100)
    first, again, other = (bootstrap_interval(values, 100, seed=seed) for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize(("score", "n"), [(np.ones(3), 4), (np.ones(0), 0), (lambda rows: 1.0, 0)])
def test_no_rows_or_wrong_rows_are_refused(score, n):
    with pytest.raises(ValueError, match="rows"):
        bootstrap_interval(score, n)


def test_one_row_has_an_interval_of_no_width():
    assert ends(bootstrap_interval(lambda rows: 2.0, 1, resamples=10)).tolist() == [2.0, 2.0]


def test_values_in_the_middle_are_the_scores_themselves():
    logits, targets = single(300, 1)
    scores = single_label_scores(logits, targets)
    for name, interval in classification_intervals(logits, targets, how=QUICK).items():
        assert interval.value == pytest.approx(scores[name])
        assert interval.low < interval.value < interval.high
    logits, targets = several(200, 1)
    scores = multi_label_scores(logits, targets, 0.4)
    found = multi_label_intervals(logits, targets, 0.4, how=QUICK)
    assert set(found) == {"micro_f1", "macro_f1", "accuracy", "auc"}
    assert all(interval.value == pytest.approx(scores[name]) for name, interval in found.items())


def test_values_of_numbers_are_the_scores_themselves():
    rng = np.random.default_rng(2)
    target = rng.integers(4, size=150)
    pred = target + rng.normal(size=150)
    for found, scores in (
        (regression_intervals(pred, target, QUICK), regression_scores(pred, target)),
        (ordinal_intervals(pred, target, 4, QUICK), ordinal_scores(pred, target, 4)),
    ):
        for name, interval in found.items():
            assert interval.value == pytest.approx(scores[name])
            assert interval.low < interval.value < interval.high


def test_a_score_that_is_not_a_number_has_no_interval():
    assert "auc" not in classification_intervals(np.array([[2.0, 1.0]] * 4), np.zeros(4), how=QUICK)
    assert set(regression_intervals(np.ones(9), np.arange(9.0), QUICK)) == {"mse", "mae"}
    assert ordinal_intervals(np.array([np.nan, 1.0]), np.array([0, 1]), 2, QUICK) == {}


def test_a_test_without_an_error_is_not_taken_for_certainty():
    targets = np.arange(30) % 3
    found = classification_intervals(np.eye(3)[targets] * 9, targets, how=QUICK)
    assert found["macro_f1"].value == found["mcc"].value == 1
    assert found["macro_f1"].low == found["mcc"].low == found["accuracy"].low < 0.9


def test_many_rows_take_fewer_resamples_for_auc_and_percentiles():
    logits, targets = single(700, 3)
    found = classification_intervals(logits, targets, how=Resampling(resamples=500))
    assert found["auc"].low < found["auc"].value < found["auc"].high


REPEATS, DRAWS = 300, Resampling(resamples=250)


def test_coverage_of_classification():
    """The true values lie inside about 95 % of the intervals; Monte-Carlo error of 300 repetitions: 1.3 points."""
    truth = single_label_scores(*single(400_000, 99))
    hits = dict.fromkeys(("accuracy", "macro_f1", "mcc", "auc"), 0)
    for seed in range(REPEATS):
        found = classification_intervals(*single(150, seed), how=DRAWS)
        for name in hits:
            hits[name] += found[name].low <= truth[name] <= found[name].high
    for count in hits.values():
        assert_covers(count)


def test_coverage_of_correlations_and_errors():
    def draw(rows, seed):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=rows)
        return 0.8 * x + 0.6 * rng.normal(size=rows), x

    truth = regression_scores(*draw(400_000, 99))
    hits = dict.fromkeys(("spearman", "pearson", "mse"), 0)
    for seed in range(REPEATS):
        found = regression_intervals(*draw(100, seed), DRAWS)
        for name in hits:
            hits[name] += found[name].low <= truth[name] <= found[name].high
    for count in hits.values():
        assert_covers(count)


def test_coverage_of_multi_label():
    truth = multi_label_scores(*several(400_000, 99))["macro_f1"]
    hits = 0
    for seed in range(REPEATS):
        interval = multi_label_intervals(*several(150, seed), how=DRAWS)["macro_f1"]
        hits += interval.low <= truth <= interval.high
    assert_covers(hits)


def assert_covers(hits):
    """Within four Monte-Carlo errors of 95 %, and two points for the bootstrap's own error with few rows."""
    error = np.sqrt(0.95 * 0.05 / REPEATS)
    assert abs(hits / REPEATS - 0.95) < 0.02 + 4 * error, hits / REPEATS


def test_macro_f1_of_cells_agrees_with_scipy_on_rows():
    logits, targets = single(150, 8)
    rows = np.stack([targets, logits.argmax(1)])

    def score(true, predicted, axis):
        flat = np.zeros((*true.shape[:-1], 9))
        for cell in range(9):
            flat[..., cell] = (true * 3 + predicted == cell).sum(-1)
        return macro_f1(counts_of_confusion(flat.reshape(*true.shape[:-1], 3, 3)))

    expected = stats.bootstrap(tuple(rows), score, paired=True, vectorized=True, n_resamples=6000, rng=1)
    seen = classification_intervals(logits, targets, Resampling(6000))["macro_f1"]
    assert ends(seen) == pytest.approx(np.array(expected.confidence_interval), abs=0.01)
