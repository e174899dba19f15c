from __future__ import annotations

import threading

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tunebook.data import workers
from tunebook.data.workers import each, pieces, places_where


def test_results_come_in_the_order_of_the_items():
    assert each(lambda number: number * number, range(50)) == [number * number for number in range(50)]


def test_cores_work_side_by_side(monkeypatch):
    monkeypatch.setattr(pa, "cpu_count", lambda: 2)
    meet = threading.Barrier(2, timeout=30)
    assert sorted(each(lambda _: meet.wait(), range(2))) == [0, 1]


def test_an_error_is_not_lost():
    with pytest.raises(ZeroDivisionError):
        each(lambda number: 1 / number, [1, 0])


def test_pieces_and_places(monkeypatch):
    monkeypatch.setattr(workers, "_ROWS", 3)
    column = pa.chunked_array([["a", "b", None, "b"], [], ["b"] * 7], pa.large_string())
    assert [piece.to_pylist() for piece in pieces(column)] == [["a", "b", None], ["b"], ["b"] * 3, ["b"] * 3, ["b"]]
    assert places_where(column, lambda cells: pc.equal(cells, "b")).tolist() == [1, 3, 4, 5, 6, 7, 8, 9, 10]
    assert places_where(pa.chunked_array([], pa.large_string()), pc.is_null).tolist() == []
