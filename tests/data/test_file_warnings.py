from __future__ import annotations

import numpy as np

from tunebook.data.describe import warning_text
from tunebook.data.file_warnings import file_warnings
from tunebook.data.ledger import Entry, Ledger


def test_says_what_was_found_out_and_what_was_taken_for_no_row():
    ledger = Ledger()
    for reason, row in (("total", 9), ("open_quote", 3), ("duplicate", 4)):
        ledger.note(Entry("dropped", reason, "a.csv", np.array([row])))
    notes = {"encoding": "cp1252", "encoding_guessed": "yes", "formulas": "B2", "repeated": "tag", "beside": "x, y"}
    told = [warning_text(found) for found in file_warnings({"a.csv": notes, "b.csv": {}}, ledger)]
    assert [text for text in told if "total: a.csv: 9" in text] == [told[-1]]
    for text, part in zip(told, ("cp1252", "B2", "tag", "x, y", "a.csv: 3", "total"), strict=True):
        assert part in text
    assert file_warnings({"a.csv": {}}, Ledger()) == []
