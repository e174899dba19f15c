from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.data.quoted import Quoted


def read(*lines: str) -> tuple[Quoted, list[bool]]:
    plain = np.ones(len(lines), dtype=bool)
    quoted = Quoted(pa.array(lines, pa.large_string()), ",", Path("f.csv"))
    quoted.read(np.array([place for place, line in enumerate(lines) if '"' in line]), plain)
    return quoted, plain.tolist()


def test_rows_over_several_lines_take_those_lines():
    quoted, plain = read("a,b", '"one', "", 'two",x', "c,d", '"e",f,g')
    assert quoted.rows == {2: ([2], [["one\n\ntwo", "x"]]), 3: ([6], [["e", "f", "g"]])}
    assert plain == [True, False, False, False, True, False]


def test_a_quote_that_closes_in_the_middle_of_the_next_line():
    quoted, plain = read('"one,a', '"two, b",c', "three,d")
    assert quoted.opened == [1] and quoted.rows == {2: ([2], [["two, b", "c"]])}
    assert plain == [False, False, True]


def test_a_quote_that_never_closes():
    with pytest.raises(DataError) as caught:
        read("a,b", '"one,x', "two,y")
    assert caught.value.code == "data.quote" and "line 2 " in caught.value.message
