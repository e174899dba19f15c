from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from tunebook.data.cut import Cells, settled
from tunebook.data.heading import Heading

FIVE = pa.table({"text": ["one", "two", "Total"], "label": ["x", "y", "2"]})


def test_faults_are_those_that_there_are():
    rows = np.array([1])
    assert Cells(pa.table({"a": [1]}), rows).faults == {}
    cells = Cells(pa.table({"a": [1]}), rows, ragged={7: 2}, opened=[9])
    assert cells.faults == {"ragged": {7: "2"}, "open_quote": {9: ""}} and cells.read == 3


def test_what_is_no_row_is_set_aside_unless_each_is_to_be_answered():
    cells, heading = Cells(FIVE, np.array([4, 5, 6])), Heading(1, ("text", "label"), 2, titles=(0,))
    found = settled(cells, heading, [1, 3, 4, 5, 6], np.zeros(3, dtype=bool), path=Path("a.csv"), labelled=True)
    assert found.aside == {"total": [6], "title": [1]} and found.rows.tolist() == [4, 5] and found.read == 4
    assert found.notes == {"header": "yes", "header_row": "3"}
    whole = settled(cells, heading, [1, 3, 4, 5, 6], np.zeros(3, dtype=bool), path=Path("a.csv"), labelled=False)
    assert whole.aside == {"title": [1]} and whole.rows.tolist() == [4, 5, 6]


def test_notes_of_a_heading():
    cells, none = Cells(FIVE, np.array([1, 2, 3])), np.zeros(3, dtype=bool)
    assert settled(cells, Heading(), [1], none, path=Path("a"), labelled=False).notes == {"header": "no"}
    again = settled(cells, Heading(0, ("a", "a"), 1), [1], none, path=Path("a"), labelled=False)
    assert again.notes["repeated"] == "a"
