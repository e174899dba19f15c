"""AUC and label ranking against scikit-learn, with ties and with weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import label_ranking_average_precision_score, roc_auc_score

from tunebook.stats.ranking import auc, average_precision, label_ranking, macro_auc


@given(
    st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 3)), min_size=2, max_size=40),
)
@settings(max_examples=200, deadline=None)
def test_weighted_auc_counts_a_row_as_often_as_it_is_repeated(rows):
    scores, positive, weights = (np.array(part) for part in zip(*rows, strict=True))
    repeated = np.repeat(scores, weights), np.repeat(positive, weights)
    seen = auc(scores, positive, weights[None, :].astype(float))
    assert seen.shape == (1,)
    if len(set(repeated[1].tolist())) < 2:
        assert np.isnan(seen[0])
    else:
        assert seen[0] == pytest.approx(roc_auc_score(repeated[1], repeated[0]))


def test_auc_without_weights_is_one_number():
    assert auc(np.array([1.0, 2.0, 2.0, 3.0]), np.array([0, 0, 1, 1])) == pytest.approx(3.5 / 4)


def test_auc_of_scores_that_are_not_numbers_is_nan():
    assert np.isnan(auc(np.array([np.nan, 1.0]), np.array([0, 1])))


def test_auc_without_a_positive_row_is_nan():
    assert np.isnan(auc(np.array([2.0, 1.0]), np.array([0, 0])))


def test_macro_auc_leaves_out_columns_of_one_kind():
    rng = np.random.default_rng(0)
    scores, targets = rng.normal(size=(50, 3)), rng.random((50, 3)) < 0.4
    targets[:, 1] = False
    expected = np.mean([roc_auc_score(targets[:, c], scores[:, c]) for c in (0, 2)])
    assert macro_auc(scores, targets) == pytest.approx(expected)
    assert np.isnan(macro_auc(scores, np.zeros_like(targets)))


def test_macro_auc_takes_many_weightings_at_once():
    rng = np.random.default_rng(1)
    scores, targets = rng.normal(size=(30, 4)), rng.random((30, 4)) < 0.5
    weights = rng.integers(0, 3, size=(5, 30)).astype(float)
    one_by_one = [float(macro_auc(scores, targets, line)) for line in weights]
    assert macro_auc(scores, targets, weights) == pytest.approx(np.array(one_by_one))


def test_label_ranking_counts_rows_without_or_with_all_labels_as_one():
    rng = np.random.default_rng(2)
    scores = rng.integers(0, 4, size=(60, 5)).astype(float)
    targets = rng.random((60, 5)) < 0.4
    targets[0], targets[1] = False, True
    assert label_ranking(scores, targets) == pytest.approx(label_ranking_average_precision_score(targets, scores))


def test_average_precision_is_that_of_scikit_learn_with_ties() -> None:
    from sklearn.metrics import average_precision_score

    draw = np.random.default_rng(7)
    for _ in range(20):
        scores, yes = draw.integers(0, 6, 30) / 5, draw.random(30) < 0.3
        yes[0] = True
        assert average_precision(scores, yes) == pytest.approx(average_precision_score(yes, scores), abs=1e-12)
    assert np.isnan(average_precision(scores, np.zeros(30)))
