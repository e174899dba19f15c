"""Cheap answers that every fine-tune has to beat: what shares most words with the question."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.said import ALWAYS, Said
from tunebook.core.answers import Rows
from tunebook.core.extracts import Extract
from tunebook.core.hooks import BaselineInput

Array = NDArray[Any]
_HAN = "\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+")
_SENTENCE = re.compile(r"[^.!?。！？；\n]+(?:\.(?=\S)[^.!?。！？；\n]+)*[.!?。！？；]*")
_AROUND = 5  # words on either side of a window that speak for it
_TRIED = 500  # training rows by which the width of a window is chosen


def baselines(given: BaselineInput) -> Mapping[str, Callable[[], Array]]:
    """`sentence`, `window` and, where some training questions have no answer, `no_answer`."""
    train, asked = given.rows["train"], given.rows[given.split]
    found: dict[str, Callable[[], Array]] = {
        "sentence": partial(sentences, train, asked),
        "window": partial(windows, train, asked),
    }
    return {**found, **({"no_answer": partial(nothing, asked)} if given.plan.labels.low == 0 else {})}


class _Weights:
    """How much a word says: the logarithm of how rare it is among contexts."""

    def __init__(self, contexts: Sequence[str]) -> None:
        counts = Counter(word for text in set(contexts) for word in {word for word, _, _ in words(text)})
        self._most = len(set(contexts)) + 1
        self._counts = counts

    def of(self, word: str) -> float:
        return math.log(self._most / (self._counts[word] + 1)) + 1e-3


def words(text: str) -> Iterator[tuple[str, int, int]]:
    """Words in lower case with their places; Chinese characters are words."""
    return ((match.group().lower(), *match.span()) for match in _WORD.finditer(text))


def sentences(train: Rows, asked: Rows) -> Array:
    """The sentence of each context that shares most with the question, rare words before others."""
    weights = _Weights([*(train.pairs or ()), *(asked.pairs or ())])
    return _said([_best(_scored(question, context, weights)) for question, context in _rows(asked)])


def _scored(question: str, context: str, weights: _Weights) -> Iterator[tuple[float, int, int]]:
    """How much each sentence shares with the question, and where it stands."""
    known = {word for word, _, _ in words(question)}
    for match in _SENTENCE.finditer(context):
        text = match.group()
        start = match.start() + len(text) - len(text.lstrip())
        if text.strip():
            yield sum(weights.of(word) for word in known & {word for word, _, _ in words(text)}), start, match.end()


def windows(train: Rows, asked: Rows) -> Array:
    """So many words of each context that share least with the question, amid words that share most with it. How many
    these are is chosen on training rows: as many as their answers have, by one of three quantiles.

    Source: Richardson et al. 2013 (ACL D13-1020), section 3, whose window slides over the words around an answer.
    """
    from tunebook.tasks.question_answering.scores import F1, of_places

    weights = _Weights([*(train.pairs or ()), *(asked.pairs or ())])
    sample = train.at(slice(0, _TRIED))
    assert sample.targets is not None
    lengths = [len(list(words(found[0]))) for target in sample.targets if (found := Extract.of(target).answers)]
    widths = sorted({max(int(width), 1) for width in np.quantile(lengths or [1], (0.25, 0.5, 0.75))})
    scores = {
        width: of_places([_window(*row, weights, width) for row in _rows(sample)], sample.targets)[:, F1].mean()
        for width in widths
    }
    best = max(scores, key=scores.__getitem__)
    return _said([_window(question, context, weights, best) for question, context in _rows(asked)])


def _window(question: str, context: str, weights: _Weights, width: int) -> tuple[int, int] | None:
    """The best window of so many words."""
    known = {word for word, _, _ in words(question)}
    found = list(words(context))
    gains = np.cumsum([0.0, *(weights.of(word) if word in known else 0.0 for word, _, _ in found)])
    count = len(found)
    if not count:
        return None
    first = np.arange(max(count - width, 0) + 1)
    last = np.minimum(first + width, count)
    inner = gains[last] - gains[first]
    outer = gains[np.minimum(last + _AROUND, count)] - gains[np.maximum(first - _AROUND, 0)]
    place = int(np.argmax(outer - 2 * inner))
    return found[place][1], found[int(last[place]) - 1][2]


def nothing(asked: Rows) -> Array:
    """That no question has an answer."""
    return _said([None] * len(asked))


def _rows(rows: Rows) -> Iterator[tuple[str, str]]:
    return zip(rows.texts, rows.pairs or [""] * len(rows), strict=True)


def _best(found: Iterator[tuple[float, int, int]]) -> tuple[int, int] | None:
    """The place of the highest score, the first of equal ones."""
    best = max(found, key=lambda item: item[0], default=None)
    return None if best is None else best[1:]


def _said(places: Sequence[tuple[int, int] | None]) -> Array:
    """One place, or none, for each row."""
    found = [np.zeros((0, 3)) if place is None else np.array([(*place, 0.0)]) for place in places]
    return Said(np.zeros(len(found)), np.full(len(found), ALWAYS), np.ones(len(found)), found).matrix()


__all__ = ["baselines", "nothing", "sentences", "windows", "words"]
