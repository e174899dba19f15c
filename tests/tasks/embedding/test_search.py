"""Nearest passages against all cosines, sorted."""

from __future__ import annotations

import numpy as np
import torch

from tunebook.core.encoded import Encoded
from tunebook.core.judged import Judged
from tunebook.nets.candidates import PLACE
from tunebook.tasks.embedding.batches import ROW
from tunebook.tasks.embedding.search import gathered, nearest, unit, vectors_of


def test_nearest_are_those_of_a_full_sort() -> None:
    draw = np.random.default_rng(1)
    queries, passages = draw.normal(size=(7, 5)), draw.normal(size=(40, 5))
    passages[[3, 17, 30]] = passages[9]  # equal ones, by their number
    cosines = unit(queries.astype(np.float32)) @ unit(passages.astype(np.float32)).T
    expected = np.argsort(-cosines, axis=1, kind="stable")[:, :6]
    found = nearest(queries, passages, 6)
    assert found.rows == 7 and found.counts.tolist() == [6] * 7
    np.testing.assert_allclose(found.value.reshape(7, 6), np.take_along_axis(cosines, expected, 1), rtol=1e-5)
    assert nearest(queries[:1], passages[9:10].repeat(4, 0), 2).passage.tolist() == [0, 1]
    assert nearest(np.zeros((1, 5)), passages, 2).value.tolist() == [0, 0]
    assert nearest(queries, passages[:3]).counts.tolist() == [3] * 7


def test_vectors_of_rows_are_gathered() -> None:
    batch = {PLACE: torch.tensor([-1, 0, -1, 0, 1]), ROW: torch.tensor([0, 0, 1, 1, 1])}
    vectors = torch.tensor([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1], [-1, 0]])
    read = vectors_of(vectors, batch)
    assert read.tolist() == [[1, 0, *vectors[1].tolist(), 0, 0], [0, 1, *vectors[3].tolist(), -1, 0]]
    targets = Judged(np.array([0, 1, 1]), np.array([8, 5, 2]), np.array([1.0, 1, 0]), 2).matrix()
    answers = gathered(read.numpy(), Encoded({}, np.arange(3), {"labels": targets}))
    found = Judged.of(answers)
    assert found.passage.reshape(2, 3).tolist() == [[8, 5, 2], [5, 8, 2]]
    assert answers.dtype == np.float32
    numbers, vectors = np.array([3, 9]), np.array([[0.0, 2], [-1, -1]], dtype=np.float32)
    wider = Judged.of(gathered(read.numpy(), Encoded({}, np.arange(3), {"labels": targets}), (numbers, vectors)))
    assert wider.passage.reshape(2, 5).tolist() == [[8, 5, 3, 9, 2], [3, 5, 8, 2, 9]]
