from __future__ import annotations

import numpy as np
import pyarrow as pa

from tunebook.data.cut import Cells, heading_notes
from tunebook.data.heading import Heading


def test_faults_are_those_that_there_are():
    rows = np.array([1])
    assert Cells(pa.table({"a": [1]}), rows, 1).faults == {}
    cells = Cells(pa.table({"a": [1]}), rows, 3, ragged={7: 2}, opened=[9])
    assert cells.faults == {"ragged": {7: "2"}, "open_quote": {9: ""}}


def test_notes_of_a_heading():
    assert heading_notes(Heading(), [1]) == {"header": "no"}
    assert heading_notes(Heading(1, ("a", "b", "a"), 2), [1, 4]) == {
        "header": "yes",
        "header_row": "4",
        "repeated": "a",
    }
