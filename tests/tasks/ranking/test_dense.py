"""A search by vectors against plain sorting, and vectors as sentence-transformers makes them."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tunebook.core.errors import MachineError
from tunebook.core.judged import Judged
from tunebook.models.source import find_model
from tunebook.tasks.ranking import dense


def vectors(rows, seed):
    found = np.random.default_rng(seed).integers(-2, 3, (rows, 4)).astype(np.float32)
    return found


@pytest.mark.parametrize("block", [1 << 24, 1, 100])
def test_the_best_are_those_of_a_plain_sort_whatever_the_block(monkeypatch, block):
    monkeypatch.setattr(dense, "_BLOCK", block)
    queries, passages = vectors(7, 1), vectors(40, 2)
    judged = Judged(np.array([0, 6]), np.array([3, 9]), np.ones(2), 7)
    found, of_judged = dense.find((queries, passages), judged, 5)
    scores = queries @ passages.T
    for row in range(7):
        expected = sorted(range(40), key=lambda passage: (-scores[row, passage], passage))[:5]
        assert found.passage[found.row == row].tolist() == expected
        np.testing.assert_array_equal(found.value[found.row == row], scores[row, expected])
    assert of_judged.tolist() == [scores[0, 3], scores[6, 9]]


def test_fewer_passages_than_wanted_are_all_of_them():
    assert dense.find((vectors(2, 1), vectors(3, 2)), Judged.of(np.zeros((2, 1))), 9)[0].counts.tolist() == [3, 3]


def test_vectors_are_those_of_sentence_transformers_in_the_order_of_the_texts():
    from sentence_transformers import SentenceTransformer

    folder = find_model("builtin:minilm")
    texts = ["short", "a much longer text than the others are", "middle of the road"] * 100
    found = dense.encoder(folder)(texts, True, None)
    expected = SentenceTransformer(str(folder)).encode(texts[:3], normalize_embeddings=True)
    np.testing.assert_allclose(found[:3], expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_without_sentence_transformers_its_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MachineError) as caught:
        dense.encoder(tmp_path)
    assert caught.value.key == "sentence-transformers"
