"""An attack against a model of which every answer is known: it counts good and bad words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tunebook.challenge.attack import Attack, vocabulary_of, word_places
from tunebook.core.task import Rows

GOOD, WORDS = {"great": 3.0, "fine": 1.0, "decent": -0.5}, ("great", "fine", "decent", "awful", "room", "chamber")
# Words of one kind lie close together.
VECTORS = {
    "great": (1.0, 0.0, 0.0), "fine": (0.98, 0.2, 0.0), "decent": (0.97, 0.0, 0.24), "awful": (0.6, 0.8, 0.0),
    "room": (0.0, 0.0, 1.0), "chamber": (0.0, 0.1, 0.99),
}  # fmt: skip


def ask(rows: Rows) -> np.ndarray:
    """Class 1 where good words outweigh."""
    scores = np.array([sum(GOOD.get(word, 0.0) for word in text.lower().split()) for text in rows.texts])
    return np.stack([-scores, scores], axis=1).astype(np.float32)


def vectors(texts: Sequence[str]) -> np.ndarray:
    found = []
    for text in texts:
        known = [VECTORS[word] for word in text.lower().split() if word in VECTORS]
        mean = np.mean([*known, (1e-3, 1e-3, 1e-3)], axis=0)
        found.append(mean / np.linalg.norm(mean))
    return np.array(found, dtype=np.float32)


def rows(*texts: str) -> Rows:
    return Rows(list(texts), None, np.ones(len(texts), dtype=np.int64), [*map(str, range(len(texts)))])


def attack(**more: float) -> Attack:
    return Attack(ask, vectors, WORDS, "en", **{"text": 0.5, "share": 1.0, **more})  # type: ignore[arg-type]


def test_the_word_that_matters_is_replaced_by_a_like_one() -> None:
    found = attack().run(rows("The room was Great"))
    assert found.texts == ["The room was Decent"], "awful is no like word, fine leaves the answer as it is"
    assert found.queries >= 4 + 2


def test_what_must_stay_the_same_is_checked() -> None:
    assert attack(word=0.999).run(rows("the room was great")).texts == ["the room was great"]
    assert attack(text=0.99999).run(rows("great")).texts == ["great"]


def test_words_come_one_after_the_other_until_the_answer_turns() -> None:
    found = attack().run(rows("great great room", "nothing here"))
    assert found.texts == ["decent decent room", "nothing here"]
    assert attack(share=0.3).run(rows("great great room")).texts == ["great great room"], "one word is not enough"


def test_without_words_nothing_happens() -> None:
    none = Attack(ask, vectors, (), "en").run(rows("great room"))
    assert none.texts == ["great room"]
    assert attack().run(rows("42 !")).texts == ["42 !"]


def test_negation_is_neither_taken_nor_put_in() -> None:
    words = vocabulary_of(["not a great room", "a great room not", "never great", "never"], "en")
    assert set(words) == {"great", "room"}


def test_chinese_words_are_those_of_the_segmenter() -> None:
    text = "酒店房间很干净，wifi好"
    places = word_places(text, "zh")
    assert [text[start:end] for start, end in places][:2] == ["酒店", "房间"]
    assert all(start < end for start, end in places)
    assert "房间" in vocabulary_of([text, "房间不错"], "zh")


@pytest.mark.parametrize("text", ["great fine room", "room fine great fine"])
def test_places_move_with_what_is_put_in(text: str) -> None:
    found = attack().run(rows(text)).texts[0]
    assert len(found.split()) == len(text.split())
    assert {word for word in found.split()} <= set(WORDS)
