"""The baselines that every fine-tune has to beat, on the same rows: majority, TF-IDF, frozen encoder."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import MachineError
from tunebook.core.hashing import content_id
from tunebook.core.nouns import DataRef, Labels, Plan, Split
from tunebook.core.progress import Progress
from tunebook.core.task import Rows
from tunebook.verbs.kept import kept

Array = NDArray[Any]
_ROWS = 20_000  # training rows at most: a baseline is to cost little
_STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)  # features of length 1 want weak regularisation
_FOLDS = 3
_FEW = 3_000  # up to so many rows the strength is chosen by cross-validation, above it on rows that are set apart
_APART = 0.2  # share of the training rows that choose it where the validation rows are scored themselves


@dataclass(frozen=True)
class Cheap:
    """What a baseline answers, shape (N, outputs), and the seconds that it took to be trained and asked."""

    logits: Array
    seconds: float


def baselines(plan: Plan, data: DataRef, split: Split, progress: Progress | None = None) -> dict[str, dict[str, float]]:
    """Name -> metric -> value of `majority`, `tfidf_logreg` and `frozen_logreg`, kept in the book's cache.

    For numbers and ordered classes the linear models are ridge regressions, under the same names. Their strength of
    regularisation is chosen on training or validation rows, never on those that are scored.

    Raises:
        MachineError: scikit-learn is not installed.
    """
    key = content_id([data.content, plan.model_id, split, _ROWS, _STRENGTHS, _APART])
    found: dict[str, dict[str, float]] = kept(
        data.path.parent, f"baselines-{key}", lambda: _measure(plan, data, split, progress)
    )
    return found


def _measure(plan: Plan, data: DataRef, split: Split, progress: Progress | None) -> dict[str, dict[str, float]]:
    from tunebook.core.registry import tasks
    from tunebook.data.load import load

    task, targets = tasks()[plan.task](), load(data, split).targets
    assert targets is not None  # evaluation has refused rows without labels
    found = cheap_answers(plan, data, split, progress)
    return {
        name: task.scores(np.asarray(item.logits, dtype=np.float32), targets, plan.labels)
        for name, item in found.items()
    }


def cheap_answers(plan: Plan, data: DataRef, split: Split, progress: Progress | None = None) -> dict[str, Cheap]:
    """Name -> answers of each baseline to the rows of a split. Raises as `baselines`."""
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise MachineError("machine.extra", key="scikit-learn", extra="train") from error
    from tunebook.data.load import load

    rows = {part: load(data, part) for part in ("train", "validation", split)}
    rows["train"] = _sample(rows["train"], plan.seed)
    chinese = str(data.stats.get("language")) in ("zh", "mixed")
    found = {"majority": Cheap(_majority(rows["train"], rows[split], plan.labels), 0.0)}
    for name, space in (("tfidf_logreg", _tfidf(chinese)), ("frozen_logreg", _frozen(plan, progress))):
        begun = time.perf_counter()
        x = space(rows["train"], rows["validation"], rows[split])
        logits = _linear(x, rows["train"].targets, _choosers(rows, split), plan.labels)
        found[name] = Cheap(logits, time.perf_counter() - begun)
    return found


def _choosers(rows: dict[Split, Rows], split: Split) -> Array | None:
    """Targets of the validation rows, where they may choose; None where they are scored themselves."""
    return None if split == "validation" else rows["validation"].targets


def _sample(rows: Rows, seed: int) -> Rows:
    if len(rows) <= _ROWS:
        return rows
    chosen = np.sort(np.random.default_rng(seed).choice(len(rows), _ROWS, replace=False))
    return rows.at(chosen.tolist())


def _majority(train: Rows, scored: Rows, labels: Labels) -> Array:
    """Logits that always say the same: the commonest class, each label's base rate, or the mean."""
    assert train.targets is not None
    if labels.problem == "single_label":
        shares = np.bincount(train.targets, minlength=labels.outputs) / len(train)
        return np.tile(np.log(np.maximum(shares, 1e-9)), (len(scored), 1))
    if labels.problem == "multi_label":
        rates = np.clip(train.targets.mean(axis=0), 1e-6, 1 - 1e-6)
        return np.tile(np.log(rates / (1 - rates)), (len(scored), 1))
    return np.full((len(scored), 1), train.targets.mean())


Space = Callable[[Rows, Rows, Rows], list[Any]]


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


def _frozen(plan: Plan, progress: Progress | None) -> Space:
    """Mean of the base model's last layer."""

    def space(*parts: Rows) -> list[Any]:
        from tunebook.core.registry import tasks
        from tunebook.engine.features import features
        from tunebook.models.source import find_model, load_tokenizer

        folder = find_model(plan.model, allow_pickle=True)
        tokenizer = load_tokenizer(folder)
        task = tasks()[plan.task]()
        length = int(plan.params["max_length"])  # type: ignore[arg-type]

        def transform(texts: Any) -> Array:
            return features(folder, list(texts), task, tokenizer, length, progress)

        return [_paired(transform(part.texts), part, transform) for part in parts]

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


def _linear(x: list[Any], train: Array | None, validation: Array | None, labels: Labels) -> Array:
    """Logits of a linear model on the last part of x, its strength chosen without looking at it.

    Args:
        validation: targets of the second part of x, which choose where there are many rows; None where they may not.
    """
    assert train is not None
    best = max(_STRENGTHS, key=lambda strength: _quality(_model(strength, labels), x, (train, validation), labels))
    return _logits(_model(best, labels).fit(x[0], train), x[2], labels)


def _quality(model: Any, x: list[Any], targets: tuple[Array, Array | None], labels: Labels) -> float:
    from sklearn.model_selection import cross_val_score

    train, validation = targets
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes with fewer rows than folds
        if len(train) <= _FEW and labels.problem == "single_label":
            return float(cross_val_score(model, x[0], train, cv=_FOLDS).mean())
        if validation is not None:
            return float(model.fit(x[0], train).score(x[1], validation))
        apart = np.random.default_rng(0).permutation(len(train)) < _APART * len(train)
        return float(model.fit(x[0][~apart], train[~apart]).score(x[0][apart], train[apart]))


def _model(strength: float, labels: Labels) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.multiclass import OneVsRestClassifier

    if labels.problem in ("regression", "ordinal"):
        return Ridge(alpha=1 / strength)
    logistic = LogisticRegression(C=strength, max_iter=300, tol=1e-3)
    return OneVsRestClassifier(logistic) if labels.problem == "multi_label" else logistic


def _logits(model: Any, x: Any, labels: Labels) -> Array:
    if labels.problem in ("regression", "ordinal"):
        return np.asarray(model.predict(x), dtype=np.float64).reshape(-1, 1)
    if labels.problem == "multi_label":
        chances = np.clip(model.predict_proba(x), 1e-9, 1 - 1e-9)
        return np.asarray(np.log(chances / (1 - chances)))
    out = np.full((x.shape[0], labels.outputs), -30.0)  # a class without training rows is never said
    out[:, model.classes_] = np.log(np.maximum(model.predict_proba(x), 1e-12))
    return out


__all__ = ["Cheap", "baselines", "cheap_answers"]
