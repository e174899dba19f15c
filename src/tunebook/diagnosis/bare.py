"""What bare words (of Chinese: characters) say of rows: a second view, in which no base model and no tokenizer has a
part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.diagnosis.probe import FOLDS, folds

Array = NDArray[Any]
_SMOOTH = 0.3  # rows that a word of mean frequency is taken to have been seen in before, of each class
_STRENGTH = 10.0  # C of the logistic regression


@dataclass(frozen=True)
class Bare:
    """Naive Bayes: the log of how likely a row's words are in each class, classes taken for equally frequent.

    Of a class of few rows little is known but what words are frequent in all: else it would lose against any other.

    Attributes:
        learnt: of training rows, by those of other folds, (M, C); judged: of other rows, (N, C). -inf where a class has
            no row.
    """

    learnt: Array
    judged: Array


def bare(train: Sequence[str], classes: Array, texts: Sequence[str], count: int, characters: bool) -> Bare:
    """Read training texts of classes (M,) out of 0 .. count - 1, and judge other texts by them.

    Args:
        characters: one and two of them in a row are words, as in Chinese; else words and pairs of words.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    pieces: dict[str, Any] = {"analyzer": "char"} if characters else {"token_pattern": r"(?u)\w+"}
    reads = CountVectorizer(binary=True, ngram_range=(1, 2), **pieces)
    known = reads.fit_transform(train)
    fold, learnt = folds(classes), np.full((len(classes), count), -np.inf)
    for number in range(FOLDS):
        held = fold == number
        if held.any() and not held.all():
            learnt[held] = _likely(known[~held], classes[~held], known[held], count)
    return Bare(learnt, _likely(known, classes, reads.transform(texts), count))


def linear(train: Sequence[str], classes: Array, texts: Sequence[str], characters: bool) -> NDArray[np.int64]:
    """What a linear model of words and pairs of words (or of one to three characters) says of other texts, (N,)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    from tunebook.nets.linear_model import linear_model

    pieces: dict[str, Any] = {"analyzer": "char", "ngram_range": (1, 3)} if characters else {"ngram_range": (1, 2)}
    reads = TfidfVectorizer(sublinear_tf=True, max_features=100_000, **pieces)
    model = linear_model(_STRENGTH, "softmax").fit(reads.fit_transform(train), classes)
    return np.asarray(model.predict(reads.transform(texts)))


def _likely(known: Any, classes: Array, rows: Any, count: int) -> Array:
    from sklearn.naive_bayes import MultinomialNB

    times = np.asarray(known.sum(axis=0)).ravel() + 1.0
    alpha = _SMOOTH * len(times) * times / times.sum()
    model = MultinomialNB(alpha=alpha, fit_prior=False).fit(known, classes)
    found = np.full((rows.shape[0], count), -np.inf)
    found[:, model.classes_] = model.predict_joint_log_proba(rows)
    return found


__all__ = ["Bare", "bare", "linear"]
