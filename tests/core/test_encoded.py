import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunebook.core.encoded import join, load_encoded, one_column, pack

ROWS = st.lists(st.lists(st.integers(0, 30000), min_size=1, max_size=6), min_size=1, max_size=8)


@given(ROWS)
def test_padded_gives_back_every_row(rows):
    packed = pack({"ids": rows})
    order = list(range(len(rows)))[::-1]
    matrix = packed.padded("ids", order, -1)
    assert [[item for item in line if item != -1] for line in matrix.tolist()] == [rows[index] for index in order]
    assert matrix.shape == (len(rows), max(map(len, rows)))
    assert packed.lengths.tolist() == [len(row) for row in rows]
    assert len(packed) == len(rows)


@given(ROWS, ROWS)
def test_join_is_packing_at_once(first, second):
    joined, whole = join([pack({"a": first}), pack({"a": second})]), pack({"a": first + second})
    assert joined.flat["a"].tolist() == whole.flat["a"].tolist()
    assert joined.offsets.tolist() == whole.offsets.tolist()


@given(ROWS, st.data())
def test_take_is_packing_the_rows_taken(rows, data):
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=9))
    taken = pack({"a": rows}).with_fixed(labels=np.arange(len(rows))).take(chosen)
    assert taken.fixed["labels"].tolist() == chosen
    assert taken.flat["a"].tolist() == [item for row in chosen for item in rows[row]]
    assert taken.lengths.tolist() == [len(rows[row]) for row in chosen]
    assert taken.flat["a"].dtype == np.int32


@given(ROWS, ROWS)
def test_rows_of_the_same_tokens_are_there_once(ids, more):
    ids = ids + ids[:2] + more
    packed = pack({"ids": ids, "kinds": [[len(row)] * len(row) for row in ids]})
    first, places = packed.once()
    kept = packed.take(first)
    assert len({tuple(row) for row in ids}) == len(first)
    assert first.tolist() == sorted(first.tolist())
    assert kept.take(places).flat["ids"].tolist() == packed.flat["ids"].tolist()
    assert kept.take(places).offsets.tolist() == packed.offsets.tolist()


def test_rows_are_alike_in_all_columns_or_not_at_all():
    assert pack({"ids": [[1, 2], [1, 2]], "kinds": [[0, 0], [0, 1]]}).once()[1].tolist() == [0, 1]
    assert pack({"ids": [[1, 2], [3], [1], [2, 3]]}).once()[1].tolist() == [0, 1, 2, 3]


def test_save_and_load(tmp_path):
    packed = pack({"a": [[1, 2], [3]], "b": [[0, 0], [1]]}).with_fixed(labels=np.array([0, 1]))
    assert packed.fixed["labels"].tolist() == [0, 1]
    packed.save(tmp_path / "tokens.npz")
    found = load_encoded(tmp_path / "tokens.npz")
    assert sorted(found.flat) == ["a", "b"]
    assert found.padded("b", [1, 0], 9).tolist() == [[1, 9], [0, 0]]
    assert found.fixed == {}
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.npz"]


def test_rows_of_differing_columns_are_a_fault():
    with pytest.raises(ValueError, match="too short"):
        pack({"a": [[1, 2]], "b": [[1]]})


def test_a_column_of_matrices_is_as_wide_as_the_widest():
    found = one_column([np.array([[1, 5, 6, 0]]), np.zeros((0, 1), np.int64), np.array([[0]])])
    assert found.tolist() == [[1, 5, 6, 0], [0, 0, 0, 0]] and found.dtype == np.int64
    assert one_column([np.array([1.5], np.float32), np.array([2], np.float32)]).tolist() == [1.5, 2.0]


def test_named_columns_of_rows_come_back_from_a_file(tmp_path):
    made = pack({"input_ids": [[1], [2, 3]]}).with_fixed(labels=np.array([0, 1]), **{"task.count": np.array([4, 5])})
    made.save(tmp_path / "tokens.npz", ["task.count"])
    found = load_encoded(tmp_path / "tokens.npz")
    assert set(found.fixed) == {"task.count"} and found.fixed["task.count"].tolist() == [4, 5]
    assert set(found.flat) == {"input_ids"} and found.offsets.tolist() == [0, 1, 3]


def test_a_column_that_rows_lack_is_left_out() -> None:
    rows = pack({"input_ids": [[1, 2], [3]]})
    assert set(rows.with_fixed(labels=np.array([0, 1]), sample_weight=None).fixed) == {"labels"}
