"""Linear models: their weights answer what scikit-learn answers, and the strength is the one that guesses best."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tunebook.nets import linear_model as module
from tunebook.nets.linear_model import Seen, chosen_strength, head, linear_model


def rows(classes: int, count: int = 60, seed: int = 0) -> Seen:
    draw = np.random.default_rng(seed)
    targets = draw.integers(0, classes, count)
    targets[:classes] = np.arange(classes)
    vectors = draw.normal(size=(count, 5)) + 2 * np.eye(5)[targets]
    return Seen(vectors, targets, draw.uniform(0.5, 2, count))


def softmax(logits: NDArray[Any]) -> NDArray[Any]:
    found = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("classes", [2, 3])
def test_a_head_answers_what_scikit_learn_answers(classes: int) -> None:
    seen = rows(classes)
    weights, biases = head(seen, "softmax", classes, 3.0)
    plain = linear_model(3.0, "softmax").fit(seen.vectors, seen.targets, sample_weight=seen.weights)
    found = softmax(seen.vectors @ weights.T + biases)
    np.testing.assert_allclose(found, plain.predict_proba(seen.vectors), atol=1e-6)


def test_weights_of_rows_count() -> None:
    seen = rows(3)
    twice = Seen(seen.vectors, seen.targets, np.where(seen.targets == 0, 9.0, 1.0))
    even, more = (head(one, "softmax", 3, 1.0) for one in (Seen(seen.vectors, seen.targets, np.ones(60)), twice))
    said = [(seen.vectors @ weights.T + biases).argmax(1) for weights, biases in (even, more)]
    assert (said[1] == 0).sum() > (said[0] == 0).sum()


def test_a_class_without_rows_is_never_said() -> None:
    seen = rows(3)
    weights, biases = head(seen, "softmax", 5, 3.0)
    assert set((seen.vectors @ weights.T + biases).argmax(1)) <= {0, 1, 2}
    only = Seen(seen.vectors, np.full(60, 1), seen.weights)
    weights, biases = head(only, "softmax", 3, 3.0)
    assert not weights.any() and biases.argmax() == 1


def test_several_labels_are_a_model_each() -> None:
    seen = rows(3)
    several = np.stack([seen.targets == 0, seen.targets > 0, np.ones(60), np.zeros(60)], axis=1).astype(np.float32)
    weights, biases = head(Seen(seen.vectors, several, seen.weights), "sigmoid", 4, 3.0)
    chances = 1 / (1 + np.exp(-(seen.vectors @ weights.T + biases)))
    plain = linear_model(3.0, "softmax").fit(seen.vectors, several[:, 0], sample_weight=seen.weights)
    np.testing.assert_allclose(chances[:, 0], plain.predict_proba(seen.vectors)[:, 1], atol=1e-6)
    assert (chances[:, 2] > 0.99).all() and (chances[:, 3] < 0.01).all()


def test_numbers_are_ridge_regression() -> None:
    seen = rows(3)
    numbers = Seen(seen.vectors, seen.vectors @ np.arange(5.0) + 7, np.ones(60))
    weights, biases = head(numbers, "identity", 1, 1e6)
    np.testing.assert_allclose(weights, [np.arange(5.0)], atol=1e-3)
    np.testing.assert_allclose(biases, [7], atol=1e-3)


@pytest.mark.parametrize("link", ["softmax", "sigmoid", "identity"])
@pytest.mark.parametrize("few", [1000, 10])
def test_the_strength_is_the_one_that_guesses_best(link: Any, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise alone wants a weak model; what is told without noise a strong one."""
    monkeypatch.setattr(module, "_FEW", few)
    draw = np.random.default_rng(1)
    vectors = draw.normal(size=(120, 5)) / 2
    told = vectors @ np.arange(1.0, 6)
    noise = draw.normal(size=120)

    def strength(values: NDArray[Any]) -> float:
        codes = (values > 0).astype(np.int64)
        targets = {"softmax": codes, "sigmoid": np.stack([codes, 1 - codes], axis=1), "identity": values}[link]
        return chosen_strength(Seen(vectors, targets, np.ones(120)), link)

    assert strength(noise) < strength(told)


def test_folds_hold_out_every_row_once_and_rows_of_each_class() -> None:
    targets = np.repeat(np.arange(4), 9)
    parts = list(module._parts(targets, "softmax"))
    assert np.array_equal(sum(part.astype(int) for part in parts), np.ones(36))
    assert all(np.array_equal(np.bincount(targets[part]), [3, 3, 3, 3]) for part in parts)
