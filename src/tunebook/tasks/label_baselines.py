"""Cheap models of classes and numbers that every fine-tune has to beat: majority, TF-IDF, frozen encoder."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import MachineError
from tunebook.core.hooks import BaselineInput
from tunebook.core.nouns import Labels
from tunebook.core.task import Rows, Task
from tunebook.nets.linear_model import linear_model

Array = NDArray[Any]
_STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)  # features of length 1 want weak regularisation
_FOLDS = 3
_FEW = 3_000  # up to so many rows the strength is chosen by cross-validation, above it on rows that are set apart
_APART = 0.2  # share of the training rows that choose it where the validation rows are scored themselves
Space = Callable[[Rows, Rows, Rows], list[Any]]


class LabelBaselines(Task):
    """The part of a task of classes or numbers that answers cheaply."""

    def baselines(self, given: BaselineInput) -> Mapping[str, Callable[[], Array]]:
        """`majority`, `tfidf_logreg` and `frozen_logreg`.

        For numbers and ordered classes the linear models are ridge regressions, under the same names. Their strength of
        regularisation is chosen on training or validation rows, never on those that are scored.

        Raises:
            MachineError: scikit-learn is not installed.
        """
        try:
            import sklearn  # noqa: F401
        except ImportError as error:
            raise MachineError("machine.extra", key="scikit-learn", extra="train") from error
        chinese = str(given.data.stats.get("language")) in ("zh", "mixed")
        return {
            "majority": partial(_majority, given.rows["train"], given.rows[given.split], given.plan.labels),
            "tfidf_logreg": partial(_answered, _tfidf(chinese), given),
            "frozen_logreg": partial(_answered, _frozen(given.features), given),
        }


def _majority(train: Rows, scored: Rows, labels: Labels) -> Array:
    """Logits that always say the same: the commonest class, each label's base rate, or the mean."""
    assert train.targets is not None
    if labels.kind.link == "softmax":
        shares = np.bincount(train.targets, minlength=labels.outputs) / len(train)
        return np.tile(np.log(np.maximum(shares, 1e-9)), (len(scored), 1))
    if labels.kind.link == "sigmoid":
        rates = np.clip(train.targets.mean(axis=0), 1e-6, 1 - 1e-6)
        return np.tile(np.log(rates / (1 - rates)), (len(scored), 1))
    return np.full((len(scored), 1), train.targets.mean())


def _tfidf(chinese: bool) -> Space:
    """Words and pairs of words; for Chinese characters, pairs and triples of them."""

    def space(*parts: Rows) -> list[Any]:
        from sklearn.feature_extraction.text import TfidfVectorizer

        how: dict[str, Any] = {"analyzer": "char", "ngram_range": (1, 3)} if chinese else {"ngram_range": (1, 2)}
        vectors = TfidfVectorizer(
            sublinear_tf=True, min_df=2 if len(parts[0]) > 2000 else 1, max_features=200_000, **how
        )
        vectors.fit([*parts[0].texts, *(parts[0].pairs or ())])
        return [_paired(vectors.transform(part.texts), part, vectors.transform) for part in parts]

    return space


def _frozen(features: Callable[[Any], Array]) -> Space:
    """Mean of the base model's last layer."""

    def space(*parts: Rows) -> list[Any]:
        return [_paired(features(part.texts), part, features) for part in parts]

    return space


def _paired(first: Any, rows: Rows, transform: Callable[[Any], Any]) -> Any:
    """Features of single texts, or of pairs: the distance |u - v| and the product u v."""
    if rows.pairs is None:
        return first
    second = transform(rows.pairs)
    if isinstance(first, np.ndarray):
        return np.hstack([np.abs(first - second), first * second])
    from scipy.sparse import hstack

    return hstack([abs(first - second), first.multiply(second)]).tocsr()


def _answered(space: Space, given: BaselineInput) -> Array:
    x = space(given.rows["train"], given.rows["validation"], given.rows[given.split])
    return _linear(x, given.rows["train"].targets, given.chooses, given.plan.labels)


def _linear(x: list[Any], train: Array | None, validation: Array | None, labels: Labels) -> Array:
    """Logits of a linear model on the last part of x, its strength chosen without looking at it.

    Args:
        validation: targets of the second part of x, which choose where there are many rows; None where they may not.
    """
    assert train is not None
    best = max(
        _STRENGTHS,
        key=lambda strength: _quality(linear_model(strength, labels.kind.link), x, (train, validation), labels),
    )
    return _logits(linear_model(best, labels.kind.link).fit(x[0], train), x[2], labels)


def _quality(model: Any, x: list[Any], targets: tuple[Array, Array | None], labels: Labels) -> float:
    from sklearn.model_selection import cross_val_score

    train, validation = targets
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes with fewer rows than folds
        if len(train) <= _FEW and labels.kind.link == "softmax":
            folds = min(_FOLDS, int(np.bincount(train.astype(np.int64)).max()))
            # Without two rows of any class there is nothing to choose by: the first strength will do.
            return 0.0 if folds < 2 else float(cross_val_score(model, x[0], train, cv=folds).mean())
        if validation is not None:
            return float(model.fit(x[0], train).score(x[1], validation))
        apart = np.random.default_rng(0).permutation(len(train)) < _APART * len(train)
        return float(model.fit(x[0][~apart], train[~apart]).score(x[0][apart], train[apart]))


def _logits(model: Any, x: Any, labels: Labels) -> Array:
    if labels.kind.link == "identity":
        return np.asarray(model.predict(x), dtype=np.float64).reshape(-1, 1)
    if labels.kind.link == "sigmoid":
        chances = np.clip(model.predict_proba(x), 1e-9, 1 - 1e-9)
        return np.asarray(np.log(chances / (1 - chances)))
    out = np.full((x.shape[0], labels.outputs), -30.0)  # a class without training rows is never said
    out[:, model.classes_] = np.log(np.maximum(model.predict_proba(x), 1e-12))
    return out


__all__ = ["LabelBaselines"]
