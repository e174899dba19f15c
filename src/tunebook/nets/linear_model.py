"""Linear models of vectors: logistic and ridge regression, how strongly they are held back, and their weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.kind import Link

Array = NDArray[Any]
STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)  # vectors of length 1 want weak regularisation
_FOLDS = 3
_FEW = 1_000  # up to so many rows the strength is chosen by folds, above it by a part that is set apart
_APART = 5  # which is one row in so many
_NEVER = -30.0  # the answer for a class without rows
_LEAST = 1e-6  # chance that counts where a held-out row's class has none


def linear_model(strength: float, link: Link) -> Any:
    """An untrained linear model of scikit-learn for outputs that are read so; `strength` is C, or 1 / alpha."""
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.multiclass import OneVsRestClassifier

    if link == "identity":
        return Ridge(alpha=1 / strength)
    logistic = LogisticRegression(C=strength, max_iter=300, tol=1e-3)
    return OneVsRestClassifier(logistic) if link == "sigmoid" else logistic


@dataclass(frozen=True)
class Seen:
    """Vectors (N, width) with their targets (N,) or (N, outputs), and what each row counts (N,)."""

    vectors: Array
    targets: Array
    weights: Array

    def at(self, rows: Array) -> Seen:
        """Some of them."""
        return Seen(self.vectors[rows], self.targets[rows], self.weights[rows])


def chosen_strength(seen: Seen, link: Link) -> float:
    """The strength with which a linear model is least surprised by rows that it has not seen; the weakest of equals.

    By folds in which classes keep their shares, or, of many rows, by one part of five.
    """
    parts = list(_parts(seen.targets, link))
    losses = {strength: 0.0 for strength in STRENGTHS}
    for held in parts:
        for strength in STRENGTHS:
            weights, biases = head(seen.at(~held), link, _outputs(seen.targets, link), strength)
            losses[strength] += _surprise(seen.vectors[held] @ weights.T + biases, seen.at(held), link)
    return min(losses, key=lambda strength: losses[strength])


def head(seen: Seen, link: Link, outputs: int, strength: float) -> tuple[Array, Array]:
    """Weights (outputs, width) and biases (outputs,) of the linear model of these rows."""
    weights, biases = np.zeros((outputs, seen.vectors.shape[1])), np.full(outputs, _NEVER)
    if link == "identity":
        found = linear_model(strength, link).fit(seen.vectors, seen.targets, sample_weight=seen.weights)
        return found.coef_.reshape(1, -1), np.asarray([found.intercept_]).reshape(1)
    if link == "sigmoid":
        for output in range(outputs):
            given = seen.targets[:, output]
            if len(np.unique(given)) == 1:
                biases[output] = -_NEVER if given[0] else _NEVER
                continue
            one, bias = head(Seen(seen.vectors, given.astype(np.int64), seen.weights), "softmax", 2, strength)
            weights[output], biases[output] = one[1] - one[0], bias[1] - bias[0]
        return weights, biases
    classes = np.unique(seen.targets)
    if len(classes) == 1:
        biases[classes] = -_NEVER
        return weights, biases
    found = linear_model(strength, link).fit(seen.vectors, seen.targets, sample_weight=seen.weights)
    coefficients, intercepts = found.coef_, found.intercept_
    if len(classes) == 2:  # one logit, of the second class against the first
        coefficients = np.stack([-coefficients[0] / 2, coefficients[0] / 2])
        intercepts = np.array([-intercepts[0] / 2, intercepts[0] / 2])
    weights[classes], biases[classes] = coefficients, intercepts
    return weights, biases


def _outputs(targets: Array, link: Link) -> int:
    if link == "identity":
        return 1
    return int(targets.shape[1]) if link == "sigmoid" else int(targets.max()) + 1


def _parts(targets: Array, link: Link) -> Iterator[Array]:
    """Masks of the rows that are held out."""
    draw = np.random.default_rng(0).permutation(len(targets))
    if link == "softmax":  # the rows of each class one after the other, dealt out in turn
        draw = draw[np.argsort(targets[draw], kind="stable")]
    place = np.empty(len(targets), dtype=np.int64)
    place[draw] = np.arange(len(targets))
    if len(targets) > _FEW:
        yield place % _APART == 0
        return
    for fold in range(_FOLDS):
        yield place % _FOLDS == fold


def _surprise(logits: Array, seen: Seen, link: Link) -> float:
    """Weighted sum of what each row's target surprises."""
    if link == "identity":
        each = np.square(logits[:, 0] - seen.targets)
    elif link == "sigmoid":
        signs = np.where(seen.targets > 0, -1.0, 1.0)
        each = np.logaddexp(0, signs * logits).mean(axis=1)
    else:
        logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        each = -np.maximum(logs[np.arange(len(logs)), seen.targets], np.log(_LEAST))
    return float((each * seen.weights).sum())


__all__ = ["STRENGTHS", "Seen", "chosen_strength", "head", "linear_model"]
