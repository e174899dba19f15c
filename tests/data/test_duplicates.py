from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tunebook.data.split import find_repeats, found_in, hashes, recurring, text_keys


def column(*values: str) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.large_string())])


def test_keys_ignore_case_and_look_at_both_texts():
    keys = text_keys(column("Hello", "hello", "hell"))
    assert keys[0] == keys[1] != keys[2]
    pairs = text_keys(column("a", "a", "ab"), column("bc", "B C", "c"))
    assert len(set(pairs.tolist())) == 3
    assert text_keys(column("A"), column("b"))[0] == text_keys(column("a"), column("B"))[0]
    assert hashes(pa.chunked_array([], pa.large_string())).tolist() == []


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), max_size=25))
def test_rows_whose_key_comes_again(keys):
    assert recurring(np.array(keys, dtype=np.uint64)).tolist() == [
        place for place, key in enumerate(keys) if keys.count(key) > 1
    ]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=25))
def test_repeats_against_a_plain_loop(rows):
    keys = np.array([key for key, _ in rows], dtype=np.uint64)
    labels = np.array([label for _, label in rows], dtype=np.uint64)
    found = find_repeats(keys, labels)
    again = [place for place, row in enumerate(rows) if row in rows[:place]]
    conflicts = [p for p, (key, label) in enumerate(rows) if any(k == key and other != label for k, other in rows)]
    assert found.again.tolist() == again
    assert found.conflicts.tolist() == conflicts


def test_found_in():
    keys = np.array([3, 1, 2, 3], dtype=np.uint64)
    assert found_in(keys, np.array([3, 9], dtype=np.uint64)).tolist() == [0, 3]
