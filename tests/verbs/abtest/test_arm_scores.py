"""Marks: scores of rows and runs, and of runs without a model."""

from __future__ import annotations

import numpy as np

from tests.ab_book import arm_scores, exam, logits
from tunebook.core.nouns import Labels
from tunebook.verbs.abtest.scored import scores_of_arm


class Data:
    task = "text_classification"
    labels = Labels(problem="single_label", names=["bad", "good"])


def test_scores_of_rows_runs_and_draws():
    asked = exam(50)
    right = np.random.default_rng(1).random((3, 50)) < 0.7
    found = arm_scores(asked, right)
    assert (found.rows("accuracy") == right).all()
    assert found.rows("macro_f1") is None
    np.testing.assert_allclose(found.scores("accuracy"), right.mean(1))
    assert found.scorers("accuracy")[2](np.array([0, 0, 1])) == right[2, [0, 0, 1]].mean()
    assert (found.first(2).rows("accuracy") == right[:2]).all()


def test_a_run_without_a_model_is_wrong_everywhere():
    asked = exam(20)
    found = scores_of_arm(Data, asked, [logits(asked, np.ones(20, bool)), None])
    assert found.scores("accuracy").tolist() == [1.0, 0.0]
    assert found.scores("macro_f1").tolist() == [1.0, 0.0]


def test_a_run_that_says_the_same_of_every_row_has_collapsed():
    asked = exam(20)
    one_class = np.zeros((20, 2), np.float32)
    one_class[:, 1] = np.linspace(0.1, 3, 20)  # sure or not, it is always the same class
    sound = logits(asked, np.ones(20, bool))
    assert scores_of_arm(Data, asked, [one_class, sound, None]).collapsed == [True, False, False]


def test_collapsed_answers_of_other_problems():
    class Several(Data):
        labels = Labels(problem="multi_label", names=["a", "b"])

    class Number(Data):
        labels = Labels(problem="regression", low=0.0, high=5.0)

    asked = exam(4)
    none = np.array([[-1, -2], [-3, -1], [-2, -2], [-1, -9]], np.float32)
    some = np.array([[1, -2], [-3, -1], [-2, -2], [-1, -9]], np.float32)
    assert scores_of_arm(Several, asked, [none, some]).collapsed == [True, False]
    still = np.full((4, 1), 3.2, np.float32)
    moved = np.array([[3.2], [3.2], [3.2], [3.3]], np.float32)
    assert scores_of_arm(Number, asked, [still, moved]).collapsed == [True, False]
