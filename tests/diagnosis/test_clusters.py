"""Clusters of errors and their names."""

from __future__ import annotations

import numpy as np
import pytest
from tests.diagnosis.planted import looked, texts

from tunebook.diagnosis.clusters import clusters, grouped, named
from tunebook.diagnosis.looked import Looked
from tunebook.diagnosis.mistakes import Mistake, mistakes

TOPICS = ("refund", "shower", "invoice")


def test_three_topics_are_three_clusters_with_their_words(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    given, vectors = texts(300), rng.normal(scale=0.2, size=(300, 6))
    said = np.zeros(300, dtype=int)
    for number, topic in enumerate(TOPICS):
        rows = slice(40 * number, 40 * number + 30)
        said[rows] = 1
        vectors[rows, number] += 3
        given[rows] = [f"{text} {topic}" for text in given[rows]]
    seen = looked(said, np.zeros(300, dtype=int), given=given)
    monkeypatch.setattr(Looked, "features", lambda self, split: vectors)
    found = clusters(seen, mistakes(seen))
    assert [one.rows for one in found] == [30, 30, 30]
    assert {one.words[0] for one in found} == set(TOPICS)
    assert found[0].pairs == ["bad → good"]
    boundary = [Mistake(row, "bad", "bad", "boundary") for row in range(30)]
    assert [one.pairs for one in clusters(seen, boundary)].count(["boundary of bad"]) == 1
    assert found[0].share.value == pytest.approx(1 / 3)
    assert all(len({int(row[1:]) // 40 for row in one.ids}) == 1 for one in found)


def test_few_errors_are_no_clusters() -> None:
    seen = looked([1] * 5 + [0] * 20, [0] * 25)
    assert clusters(seen, mistakes(seen)) == []


def test_vectors_that_are_all_alike() -> None:
    places, middles = grouped(np.ones((20, 3)))
    assert len(places) == 20
    assert len(middles) >= 1


def test_words_that_are_everywhere_name_nothing() -> None:
    words = [set(text.split()) for text in ["the room"] * 40 + ["the room smells"] * 10]
    assert named(words, list(range(40, 50))) == ["smells"]
    assert named(words, list(range(10))) == []
