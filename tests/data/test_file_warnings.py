from __future__ import annotations

import numpy as np

from tunebook.data.describe import warning_text
from tunebook.data.file_warnings import file_warnings
from tunebook.data.ledger import Entry, Ledger


def test_says_what_was_found_out_and_what_was_taken_for_no_row():
    ledger = Ledger()
    for reason, row in (("total", 9), ("open_quote", 3), ("duplicate", 4)):
        ledger.note(Entry("dropped", reason, "a.csv", np.array([row])))
    notes = {
        "encoding": "cp1252",
        "encoding_guessed": "cp1252",
        "formulas": "B2",
        "errors": "C4",
        "repeated": "tag",
        "beside": "x, y",
        "split_column": "part",
        "weight_column": "grams",
        "hidden_keep": "B",
        "no_status": "Argilla",
    }
    told = [warning_text(found) for found in file_warnings({"a.csv": notes, "b.csv": {"format": "csv"}}, ledger)]
    parts = (
        "cp1252",
        "B2",
        "C4",
        "B",
        "tag",
        "x, y",
        "--split-column 'part'",
        "--weight 'grams'",
        "Argilla",
        "a.csv: 3",
        "total: a.csv: 9",
    )
    for text, part in zip(told, parts, strict=True):
        assert part in text
    assert file_warnings({"a.csv": {}}, Ledger()) == []
