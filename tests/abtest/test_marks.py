"""Marks: scores of rows and runs, and of runs without a model."""

from __future__ import annotations

import numpy as np

from tests.ab_book import exam, logits, marks
from tunebook.abtest.marks import marks_of
from tunebook.core.nouns import Labels


class Data:
    task = "text_classification"
    labels = Labels(problem="single_label", names=["bad", "good"])


def test_scores_of_rows_runs_and_draws():
    asked = exam(50)
    right = np.random.default_rng(1).random((3, 50)) < 0.7
    found = marks(asked, right)
    assert (found.rows("accuracy") == right).all()
    assert found.rows("macro_f1") is None
    np.testing.assert_allclose(found.scores("accuracy"), right.mean(1))
    assert found.scorers("accuracy")[2](np.array([0, 0, 1])) == right[2, [0, 0, 1]].mean()
    assert (found.first(2).rows("accuracy") == right[:2]).all()


def test_a_run_without_a_model_is_wrong_everywhere():
    asked = exam(20)
    found = marks_of(Data, asked, [logits(asked, np.ones(20, bool)), None])
    assert found.scores("accuracy").tolist() == [1.0, 0.0]
    assert found.scores("macro_f1").tolist() == [1.0, 0.0]
