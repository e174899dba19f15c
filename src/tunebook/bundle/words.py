"""Classes and numbers in the words of users: the same for a run's model and for a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from tunebook.core.links import nearest_level, sigmoid, softmax

Array = NDArray[Any]


def said_classes(outputs: Array, names: Sequence[str], link: str, classes: str) -> list[dict[str, Any]]:
    """Each row's `label` (a list for several labels, a number for none), `score` and `scores` of classes.

    Args:
        outputs: of a head, shape (N, outputs); link, classes: of the kind of target, as `core.kind` has them.
    """
    if link == "softmax":
        return [_best(row, names) for row in softmax(outputs)]
    if link == "sigmoid":
        return [_several(row, names) for row in sigmoid(outputs)]
    labels: Sequence[Any] = [float(row[0]) for row in outputs]
    if classes == "ordered":
        labels = [names[level] for level in nearest_level(outputs[:, 0], len(names))]
    return [{"label": label, "score": float(row[0]), "scores": {}} for row, label in zip(outputs, labels, strict=True)]


def best_scores(scores: dict[str, float], top_k: int) -> dict[str, float]:
    """The best of some scores, the highest first."""
    return dict(sorted(scores.items(), key=lambda item: -item[1])[:top_k])


def _best(row: Array, names: Sequence[str]) -> dict[str, Any]:
    given = _scores(row, names)
    best = names[int(row.argmax())]
    return {"label": best, "score": given[best], "scores": given}


def _several(row: Array, names: Sequence[str]) -> dict[str, Any]:
    given = _scores(row, names)
    label = [name for name, value in given.items() if value > 0.5]
    return {"label": label, "score": max(given.values()), "scores": given}


def _scores(row: Array, names: Sequence[str]) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, row, strict=True)}


__all__ = ["best_scores", "said_classes"]
