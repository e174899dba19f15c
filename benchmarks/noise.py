"""Rows made worse on purpose: wrong labels to train on, mistyped texts to be examined on; and how wrong ones are found.

Everything follows from a seed, so that every arm of a comparison meets the same faults.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.sets import Rows, book_of, characters_of, frozen_features, model_of, read_set
from benchmarks.tables_matter import HELD_OUT

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEAR = {key: (row[at - 1 : at] + row[at + 1 : at + 2]) for row in _KEYS for at, key in enumerate(row)}
_FOLDS = 5


def flipped(rows: Rows, share: float, seed: int = 0) -> Rows:
    """The rows with so large a share of them, drawn at random, given another label, any other with the same chance."""
    draw = random.Random(seed)
    names = sorted({label for _, label in rows})
    wrong = set(draw.sample(range(len(rows)), round(share * len(rows))))
    return [
        (text, draw.choice([name for name in names if name != label]) if at in wrong else label)
        for at, (text, label) in enumerate(rows)
    ]


def mistyped(text: str, share: float, draw: random.Random, signs: Sequence[str]) -> str:
    """A text in which each word (of Chinese: each character) has a fault with the chance `share`.

    A word gets two neighbouring letters swapped, one dropped, doubled, or hit beside the key. A Chinese character is
    swapped with the next, dropped, doubled, or replaced by one of `signs`.
    """
    if any("一" <= sign <= "鿿" for sign in text):
        return "".join(_faults(list(text), share, draw, signs))
    return " ".join(_mistype(word, draw) if draw.random() < share else word for word in text.split())


def _mistype(word: str, draw: random.Random) -> str:
    at = draw.randrange(len(word))
    kind = draw.choice(("swap", "drop", "double", "beside"))
    if kind == "swap" and at + 1 < len(word):
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == "drop" and len(word) > 1:
        return word[:at] + word[at + 1 :]
    if kind == "beside":
        return word[:at] + draw.choice(_NEAR.get(word[at].lower(), word[at])) + word[at + 1 :]
    return word[: at + 1] + word[at:]


def _faults(signs_of: list[str], share: float, draw: random.Random, signs: Sequence[str]) -> list[str]:
    out: list[str] = []
    for sign in signs_of:
        if draw.random() >= share:
            out.append(sign)
            continue
        kind = draw.choice(("swap", "drop", "double", "other"))
        if kind == "swap" and out:
            out.insert(-1, sign)
        elif kind == "double":
            out += [sign, sign]
        elif kind == "other":
            out.append(draw.choice(signs))
    return out


def all_mistyped(texts: Sequence[str], share: float, seed: int = 0) -> list[str]:
    """Texts with faults; characters put in by mistake come from the texts themselves."""
    draw = random.Random(seed)
    signs = sorted({sign for text in texts for sign in text if "一" <= sign <= "鿿"})
    return [mistyped(text, share, draw, signs) for text in texts]


def noisy_book(
    name: str, folder: Path, rows: int, share: float, treated: Literal["left", "dropped", "corrected"] = "left"
) -> tuple[Any, dict[str, Any]]:
    """A book whose training rows have wrong labels, its validation rows right ones; and what was found among them.

    Args:
        treated: what becomes of the rows that confident learning holds for wrong; corrected rows get the right label
            back, as from a person who looks at each of them and never errs.
    """
    width = characters_of(name)
    found = list({text[:width]: (text[:width], label) for text, label in read_set(name)}.values())
    start = HELD_OUT + 100
    right, facts = found[start : start + rows], {}
    train = flipped(right, share)
    if treated != "left":
        wrong = np.array([row != true for row, true in zip(train, right, strict=True)])
        suspected = suspects(train, model_of(name))
        hit = float((suspected & wrong).sum())
        facts = {
            "suspected": int(suspected.sum()),
            "precision": hit / max(float(suspected.sum()), 1),
            "recall": hit / max(float(wrong.sum()), 1),
        }
        looked = zip(train, right, suspected, strict=True)
        corrected = treated == "corrected"
        train = [true if out else row for row, true, out in looked if corrected or not out]
    parts = {"validation": found[:HELD_OUT], "test": found[HELD_OUT:start], "train": train}
    return book_of(folder, parts, model_of(name)), facts


def suspects(rows: Rows, model: str) -> NDArray[np.bool_]:
    """Rows of which another label is confidently predicted, shape (N,).

    Confident learning (Northcutt, Jiang and Chuang 2021, arXiv:1911.00068), pruned by the confident joint: the chances
    come from a logistic regression on the frozen encoder, each row's from a fit that has not seen it.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    x = frozen_features(model, [text for text, _ in rows], 64)
    names = sorted({label for _, label in rows})
    given = np.array([names.index(label) for _, label in rows])
    fit = LogisticRegression(C=10.0, max_iter=500)
    return confident(cross_val_predict(fit, x, given, cv=_FOLDS, method="predict_proba"), given)


def confident(chances: NDArray[np.float64], given: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the likeliest of the classes whose chance is at least what their own rows have on average is another."""
    classes = chances.shape[1]
    usual = np.array([chances[given == k, k].mean() for k in range(classes)])
    above = np.where(chances >= usual, chances, -1.0)
    best = above.argmax(axis=1)
    return np.asarray((above.max(axis=1) >= 0) & (best != given))


__all__ = ["all_mistyped", "confident", "flipped", "mistyped", "noisy_book", "suspects"]
