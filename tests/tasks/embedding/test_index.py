"""Indexes of vectors: the same answers as a plain search, kept beside a file and never those of other vectors."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tunebook.core.errors import DataError, MachineError
from tunebook.tasks.embedding import index as module
from tunebook.tasks.embedding.index import Plain, chosen, recall_of
from tunebook.tasks.embedding.kept_index import is_kept, keep, kept
from tunebook.tasks.embedding.search import unit


class Graph:
    """What hnswlib gives, by a search of all vectors: where the package is not there."""

    def __init__(self, space: str, dim: int) -> None:
        assert space == "ip"
        self.held = np.zeros((0, dim), dtype=np.float32)

    def init_index(self, max_elements: int, **other: int) -> None:
        self.most = max_elements

    def add_items(self, vectors: Any, numbers: Any) -> None:
        self.held = vectors

    def save_index(self, path: str) -> None:
        with Path(path).open("wb") as stream:
            np.save(stream, self.held)

    def load_index(self, path: str, max_elements: int) -> None:
        try:
            self.held = np.load(path)
        except ValueError as error:
            raise RuntimeError from error

    def get_current_count(self) -> int:
        return len(self.held)

    def set_ef(self, wide: int) -> None:
        self.wide = wide

    def knn_query(self, queries: Any, k: int) -> Any:
        assert self.wide >= k
        best = np.argsort(-(queries @ self.held.T), axis=1, kind="stable")[:, :k]
        return best, None

    def get_items(self, numbers: Any) -> list[Any]:
        return [self.held[number] for number in numbers]


@pytest.fixture(autouse=True)
def graph(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        import hnswlib  # noqa: F401
    except ImportError:
        monkeypatch.setitem(sys.modules, "hnswlib", SimpleNamespace(Index=Graph))


@pytest.fixture
def vectors() -> Any:
    """Of which every third is there three times, so that many scores are equal."""
    draw = np.random.default_rng(0).standard_normal((300, 16)).astype(np.float32)
    return np.concatenate([draw, draw[::3], 2 * draw[::3]])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "v.parquet"
    path.write_bytes(b"vectors")
    return path


@pytest.mark.parametrize("kind", ["numpy", "faiss"])
def test_an_exact_search_is_that_of_all_cosines_and_equal_ones_stand_by_their_number(kind, vectors, file):
    made = Plain(vectors) if kind == "numpy" else keep(file, kind, vectors)[0]
    queries = np.random.default_rng(1).standard_normal((20, 16)).astype(np.float32)
    queries[0] = vectors[0]  # three vectors are as near as can be
    cosines = np.einsum("nd,pd->np", unit(queries).astype(np.float64), unit(vectors).astype(np.float64))
    assert len(made.find(queries, 600).row) == 20 * 500
    for most in (1, 2, 10, 30):
        found = made.find(queries, most)
        expected = np.argsort(-cosines, axis=1, kind="stable")[:, :most]
        np.testing.assert_array_equal(found.passage.reshape(20, -1), expected)
        np.testing.assert_allclose(found.value.reshape(20, -1), np.take_along_axis(cosines, expected, 1), atol=1e-6)
    assert found.passage[:3].tolist() == [0, 300, 400]
    assert made.kind == kind and made.width == 16


def test_faiss_and_numpy_give_the_same_bits(vectors, file):
    queries = np.random.default_rng(2).standard_normal((5, 16)).astype(np.float32)
    one, two = (made.find(queries, 9) for made in (Plain(vectors), keep(file, "faiss", vectors)[0]))
    np.testing.assert_array_equal(one.value, two.value)


def test_what_a_graph_finds_is_measured(vectors, file):
    made, about = keep(file, "hnswlib", vectors)
    assert about.recall == recall_of(made, vectors) > 0.9 and about.rows == len(made) == 500
    found = made.find(vectors[:1], 1)
    assert found.value[0] == pytest.approx(1, abs=1e-6)


def test_recall_is_the_share_of_the_nearest_that_are_found(vectors, monkeypatch, file):
    made = keep(file, "hnswlib", vectors)[0]
    exact = Plain(vectors)
    monkeypatch.setattr(type(made), "near", lambda self, query, count: exact.near(query, count)[: count // 2])
    assert recall_of(made, vectors) < 0.7


@pytest.mark.parametrize("kind", ["faiss", "hnswlib"])
def test_a_kept_index_answers_as_the_one_that_was_made(kind, vectors, file):
    made, about = keep(file, kind, vectors)
    again = kept(file, lambda: pytest.fail("vectors are read though the file is as it was"))
    assert again is not None and again[1] == about and len(again[0]) == len(vectors)
    np.testing.assert_array_equal(again[0].find(vectors[:4], 5).passage, made.find(vectors[:4], 5).passage)
    os.utime(file, ns=(1, 1))  # touched, with the same vectors in it
    fresh = kept(file, lambda: vectors)
    assert fresh is not None and fresh[1].changed == 1


def test_an_index_of_other_vectors_is_not_used(vectors, file):
    keep(file, "faiss", vectors)
    file.write_bytes(b"other vectors")
    assert kept(file, lambda: vectors[::-1]) is None and is_kept(file)


@pytest.mark.parametrize("ending", ["index.json", "faiss"])
def test_a_damaged_index_is_not_used(ending, vectors, file):
    keep(file, "faiss", vectors)
    part = file.with_name(f"{file.name}.{ending}")
    part.write_bytes(part.read_bytes()[:20])
    assert kept(file, lambda: vectors) is None
    part.unlink()
    assert kept(file, lambda: vectors) is None


def test_an_index_whose_library_is_missing_is_not_used(vectors, file, monkeypatch):
    keep(file, "faiss", vectors)
    monkeypatch.setitem(sys.modules, "faiss", None)
    assert kept(file, lambda: vectors) is None
    with pytest.raises(MachineError) as caught:
        chosen("faiss", 1)
    assert (caught.value.code, caught.value.key) == ("machine.extra", "faiss")
    assert "'.[faiss]'" in str(caught.value)


def test_the_index_goes_by_the_number_of_vectors_and_what_is_installed(monkeypatch):
    assert [chosen("auto", rows) for rows in (10, module.LARGE)] == ["numpy", "hnswlib"]
    monkeypatch.setitem(sys.modules, "hnswlib", None)
    assert [chosen("auto", module.LARGE), chosen("numpy", 10**9)] == ["faiss", "numpy"]
    monkeypatch.setitem(sys.modules, "faiss", None)
    assert chosen("auto", module.LARGE) == "numpy"
    with pytest.raises(DataError) as caught:
        chosen("annoy", 1)
    assert caught.value.code == "embed.kind"


def test_an_unknown_kind_on_disk_is_not_used(vectors, file):
    keep(file, "faiss", vectors)
    about = file.with_name(f"{file.name}.index.json")
    about.write_text(json.dumps(json.loads(about.read_text()) | {"kind": "annoy"}))
    assert kept(file, lambda: vectors) is None
