"""Words replaced by like ones until the answer is wrong: what somebody who searches can do to a model.

Source: Jin et al., Is BERT really robust? (TextFooler), AAAI 2020: words in the order of their importance, greedily,
under a check of the meaning. Here likeness of words and of texts is the cosine of vectors of the built-in multilingual
model. That model does not tell opposites apart well, so look at the examples.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.challenge.kinds.short import SMALL
from tunebook.challenge.texts import language_of, words
from tunebook.core.answers import Answers, Rows
from tunebook.core.nouns import Record
from tunebook.stats.calibration import log_softmax

Array = NDArray[Any]
Vectors = Callable[[Sequence[str]], NDArray[np.float32]]
# Without or with one of these a text says the opposite, or how its parts hang together.
_KEPT = re.compile(
    r"no|not|never|none|nothing|nobody|hardly|without|.*n't|.*[不没无未别非莫勿].*|but|although|though|however|than|if|or"
    r"|because|while|when|what|which|who|how|all|any|some|more|most|less|least|too|very|only|about|into|over|off|out|up",
    re.IGNORECASE,
)
_MOST_WORDS = 30  # of a text whose importance is asked for
_VOCABULARY = 3000  # commonest words of the training rows


class Attacked(Record):
    """What an attack made of rows.

    Attributes:
        texts: of each row, as it was where no answer became wrong; queries: texts asked about all rows together.
    """

    texts: list[str]
    queries: int


@dataclass(frozen=True)
class Attack:
    """How words are replaced.

    Attributes:
        ask: gives the answers to rows; vectors: of texts, of length 1.
        vocabulary: words that may be put in; language: of the book, as `language_of` takes it.
        word, text: least cosine of a word and its replacement, and of a text and what it became.
        candidates: for each word; share: of the words of a text that may be replaced, one at least.
    """

    ask: Callable[[Rows], Answers]
    vectors: Vectors
    vocabulary: Sequence[str]
    language: str
    word: float = 0.9
    text: float = 0.97
    candidates: int = 8
    share: float = 0.2

    def run(self, rows: Rows) -> Attacked:
        """Attack rows of one class each, which are answered rightly."""
        state = _State(self, rows)
        while state.round():
            pass
        return Attacked(texts=state.found, queries=state.queries)


@dataclass
class _Text:
    """A text under attack: its words, the next of which is replaced, and how many were."""

    text: str
    places: list[tuple[int, int]]
    order: list[int] = field(default_factory=list)
    left: int = 0
    over: bool = False

    def with_word(self, number: int, word: str) -> str:
        start, end = self.places[number]
        return self.text[:start] + word + self.text[end:]

    def put(self, number: int, word: str) -> None:
        """Replace a word for good; those behind it move."""
        start, end = self.places[number]
        grown = len(word) - (end - start)
        self.text = self.with_word(number, word)
        self.places[number] = (start, start + len(word))
        for place in range(len(self.places)):
            if self.places[place][0] > start:
                self.places[place] = (self.places[place][0] + grown, self.places[place][1] + grown)


class _State:
    """All rows under attack, one word of each in a round, so that the model reads many texts at once."""

    def __init__(self, how: Attack, rows: Rows) -> None:
        self.how, self.rows, self.queries = how, rows, 0
        self.true = np.asarray(rows.targets)
        self.before = how.vectors(list(rows.texts))
        self.texts = [_Text(text, word_places(text, language_of(text, how.language))) for text in rows.texts]
        self.found = list(rows.texts)
        self.now: dict[int, float] = {}  # how likely the true class of a row is by now
        self.alike = _Alike(how)
        self._rank()

    def _rank(self) -> None:
        """The words of each text, the one without which the true class is least likely first."""
        asked = [
            (row, number, one.with_word(number, ""))
            for row, one in enumerate(self.texts)
            for number in range(min(len(one.places), _MOST_WORDS))
        ]
        chances = self._chances([(row, text) for row, _, text in asked])
        ranked: list[list[tuple[float, int]]] = [[] for _ in self.texts]
        for (row, number, _), chance in zip(asked, chances, strict=True):
            ranked[row].append((float(chance[self.true[row]]), number))
        for one, order in zip(self.texts, ranked, strict=True):
            one.order = [number for _, number in sorted(order)]
            one.left = max(1, round(self.how.share * len(one.places)))

    def round(self) -> bool:
        """Replace the next word of each text, where that makes the true class less likely; whether one was left."""
        tried: list[tuple[int, int, str, str]] = []
        for row, one in enumerate(self.texts):
            if one.over or not one.order or one.left < 1:
                continue
            number = one.order.pop(0)
            start, end = one.places[number]
            for word in self.alike.of(one.text[start:end]):
                tried.append((row, number, word, one.with_word(number, word)))
        if not tried:
            return any(not one.over and one.order and one.left > 0 for one in self.texts)
        kept = self._same_meaning(tried)
        chances = self._chances([(row, text) for row, _, _, text in kept])
        for row in {row for row, *_ in kept}:
            self._choose(row, [(item, chance) for item, chance in zip(kept, chances, strict=True) if item[0] == row])
        return True

    def _same_meaning(self, tried: list[tuple[int, int, str, str]]) -> list[tuple[int, int, str, str]]:
        near = np.einsum("nd,nd->n", self.how.vectors([item[3] for item in tried]), self.before[[i[0] for i in tried]])
        return [item for item, cosine in zip(tried, near, strict=True) if cosine >= self.how.text]

    def _choose(self, row: int, tried: list[tuple[tuple[int, int, str, str], Array]]) -> None:
        """Take the word that makes the true class least likely; the attack is over once another one is said."""
        true, one = int(self.true[row]), self.texts[row]
        (_, number, word, text), chance = min(tried, key=lambda item: float(item[1][true]))
        if float(chance[true]) >= self.now.get(row, np.inf):
            return
        self.now[row] = float(chance[true])
        one.put(number, word)
        one.left -= 1
        if int(chance.argmax()) != true:
            one.over = True
            self.found[row] = text

    def _chances(self, asked: Iterable[tuple[int, str]]) -> Array:
        """Probabilities of the classes of texts in the place of rows' own, shape (N, C)."""
        given = list(asked)
        if not given:
            return np.zeros((0, 1))
        self.queries += len(given)
        rows = self.rows.at([row for row, _ in given])
        return np.asarray(np.exp(log_softmax(self.how.ask(replace(rows, texts=[text for _, text in given])))))


class _Alike:
    """Words of the vocabulary by their likeness."""

    def __init__(self, how: Attack) -> None:
        self.how = how
        self.vectors = how.vectors(list(how.vocabulary)) if how.vocabulary else np.zeros((0, 1), dtype=np.float32)
        self.known: dict[str, list[str]] = {}

    def of(self, word: str) -> list[str]:
        """The likest words, in the case of the word."""
        if word not in self.known:
            self.known[word] = self._find(word)
        return self.known[word]

    def _find(self, word: str) -> list[str]:
        if _said_small(word) or not len(self.vectors):
            return []
        near = self.vectors @ self.how.vectors([word.lower()])[0]
        order = np.argsort(-near, kind="stable")[: 4 * self.how.candidates]
        likest = [self.how.vocabulary[place] for place in order if near[place] >= self.how.word]
        others = [other for other in likest if not _same(other, word)]
        return [_cased(other, word) for other in others[: self.how.candidates]]


def _said_small(word: str) -> bool:
    """Whether a word says nothing alone, or says the opposite of others: it is neither replaced nor put in."""
    return bool(len(word) < 2 or SMALL.fullmatch(word) or _KEPT.fullmatch(word))


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[:1].isupper() and like[1:].islower() else word


def word_places(text: str, language: str) -> list[tuple[int, int]]:
    """Places of the words of a text; of Chinese those that jieba finds, without what is no Han character."""
    if language != "zh":
        return words(text)
    from tunebook.nets.masking import chinese_words

    begins = chinese_words(text)
    starts = sorted({*begins.values()})
    return [(start, max(place for place, begin in begins.items() if begin == start) + 1) for start in starts]


def vocabulary_of(texts: Sequence[str], book: str) -> list[str]:
    """The commonest words of texts that stand in two of them at least, small letters for large ones."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({text[start:end].lower() for start, end in word_places(text, language_of(text, book))})
    return [word for word, count in counts.most_common() if count > 1 and not _said_small(word)][:_VOCABULARY]


__all__ = ["Attack", "Attacked", "Vectors", "vocabulary_of", "word_places"]
