"""What cells of gains and of a teacher's scores say."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.data.gains import (
    LARGEST,
    gain_in,
    gain_of,
    gains_of,
    numeric,
    readable,
    refuse_words,
    said,
    taught_of,
    worded,
)


def column(*cells: object) -> pa.ChunkedArray:
    return pa.chunked_array([list(cells)])


@pytest.mark.parametrize(("cell", "gain"), [("2.5", 2.5), (3, 3), ("Not_Relevant", 0), ("NOT-relevant", 0), ("是", 1)])
def test_a_number_or_a_plain_word(cell, gain):
    assert gain_in(cell) == gain_of(cell, "label", 1) == gain


@pytest.mark.parametrize("cell", ["perhaps", "yes and no", "nan", str(10 * LARGEST)])
def test_anything_else_is_refused_with_its_row(cell):
    with pytest.raises(DataError) as caught:
        gain_of(cell, "label", 7)
    assert (caught.value.code, caught.value.key, caught.value.value) == ("data.gain", "label", cell)


def test_a_blank_cell_says_nothing():
    assert math.isnan(gain_of("", "label", 1)) and math.isnan(gain_of(None, "label", 1))


def test_one_gain_for_all_passages_or_a_list_with_one_for_each():
    names = ("gain", "passages")
    assert gains_of("yes", 2, names, 1) == [1, 1] and gains_of([2, "no"], 2, names, 1) == [2, 0]
    with pytest.raises(DataError, match="gain") as caught:
        gains_of([2], 2, names, 1)
    assert caught.value.code == "data.gain_lists"


def test_what_a_column_holds():
    words, lists, mixed = column("yes", " ", "NO", None), column(["yes", "no"], []), column("yes", "maybe")
    assert said(words) == ["yes", "NO"] and said(lists) == ["yes", "no"]
    assert [worded(one) for one in (words, lists, mixed, column("", None), column("1", "0"))] == [1, 1, 0, 0, 0]
    assert [numeric(one) for one in (column(1, 0), column([0.5]), column("x", "2"), words)] == [1, 1, 1, 0]
    assert readable(words) and readable(column(True, False)) and not readable(mixed)
    refuse_words(words, "label", "passage")
    with pytest.raises(DataError) as caught:
        refuse_words(mixed, "label", "passage")
    assert (caught.value.code, caught.value.value) == ("data.gain_words", "yes | maybe")


def test_a_teachers_scores():
    assert taught_of("[0.5, null, -2]", 3, "scores", 1) == [0.5, None, -2] and taught_of(1, 1, "scores", 1) == [1]
    assert taught_of(None, 2, "scores", 1) == [None, None] == taught_of([1, 2], 2, None, 1)


@pytest.mark.parametrize("cell", [[1], [1, "x"], [1, math.nan], [1, math.inf], [1, -10 * LARGEST]])
def test_scores_that_are_none_or_not_as_many_are_refused(cell):
    with pytest.raises(DataError) as caught:
        taught_of(cell, 2, "scores", 3)
    assert (caught.value.code, caught.value.value) == ("data.taught", str(cell))
