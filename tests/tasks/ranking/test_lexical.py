"""BM25 against its formula, and its words in scripts with and without blanks."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from tunebook.core.answers import Rows
from tunebook.core.errors import MachineError
from tunebook.core.judged import Judged
from tunebook.tasks.ranking import lexical
from tunebook.tasks.ranking.lexical import BM25, words_of

PASSAGES = ["the cat sat", "the dog sat and sat", "a bird", "猫坐在椅子上", "cat cat dog"]


def formula(query, passages, k1=1.2, b=0.75):
    """Lucene's BM25 of each passage, word by word."""
    texts = [words_of(text) for text in passages]
    mean = sum(map(len, texts)) / len(texts)
    found = []
    for words in texts:
        score = 0.0
        for word in words_of(query):
            count, holders = words.count(word), sum(word in other for other in texts)
            rare = math.log(1 + (len(texts) - holders + 0.5) / (holders + 0.5))
            score += rare * count / (count + k1 * (1 - b + b * len(words) / mean))
        found.append(score)
    return found


@pytest.mark.parametrize("query", ["cat", "the cat sat", "椅子上的猫", "Sat, sat!", "nothing known", ""])
def test_scores_are_those_of_the_formula(query):
    np.testing.assert_allclose(BM25(PASSAGES).scores(query), formula(query, PASSAGES), rtol=1e-5)


def test_words_are_runs_of_letters_or_pairs_of_signs():
    assert words_of("The iPhone-15 花呗, 花 x") == ["the", "iphone", "15", "花呗", "花", "x"]
    assert words_of("花呗额度abc") == ["花呗", "呗额", "额度", "abc"]


def test_the_best_are_found_in_order_and_equal_ones_by_their_number():
    judged = Judged(np.array([0, 1, 1]), np.array([3, 1, 0]), np.ones(3), 2)
    found, of_judged = BM25([*PASSAGES, "the cat sat"]).find(["cat sat", "zebra dog"], judged, most=2)
    other = formula("zebra dog", [*PASSAGES, "the cat sat"])
    assert of_judged == pytest.approx([0, other[1], 0], rel=1e-5)
    scores = formula("cat sat", [*PASSAGES, "the cat sat"])
    assert found.passage.tolist() == [0, 5, 4, 1] and found.rows == 2
    assert found.value == pytest.approx([scores[0], scores[5], other[4], other[1]], rel=1e-5)


def test_ties_at_the_end_are_cut_by_number_too():
    found, _ = BM25(["b"] * 9 + ["a"] * 9).find(["a", "c"], Judged.of(np.zeros((2, 1))), most=3)
    assert found.passage.tolist() == [9, 10, 11] and found.counts.tolist() == [3, 0]


def rows():
    targets = Judged(np.array([0, 0, 1]), np.array([2, 4, 1]), np.array([1.0, 0.0, 1.0]), 2).matrix()
    return Rows(["cat", "dog"], None, targets, ["0", "1"], passages=PASSAGES)


def test_all_passages_are_searched_or_those_that_are_judged_put_in_order():
    found = lexical.search(rows())
    assert found.dtype == np.float32 and Judged.of(found).passage.tolist() == [4, 0, 4, 1]
    ordered = lexical.order(rows())
    assert Judged.of(ordered).passage.tolist() == [4, 2, 1], "what shares no word comes last, and stays"


def test_without_bm25s_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "bm25s", None)
    with pytest.raises(MachineError) as caught:
        BM25(PASSAGES)
    assert caught.value.key == "bm25s"
