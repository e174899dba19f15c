from __future__ import annotations

import json

import numpy as np
import pytest

from tunebook.core.errors import DataError
from tunebook.core.messages import catalogue
from tunebook.data.clean import RULES
from tunebook.data.ledger import Entry, Ledger, shown


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    ledger.count("a.csv", 90)
    ledger.count("b.csv", 5)
    ledger.count("b.csv", 5)
    ledger.note(Entry("dropped", "ragged", "a.csv", rows(7, 9), ["3", "1"]))
    ledger.note_files("dropped", "empty_text", ["a.csv", "b.csv"], (rows(0, 1, 0), rows(4, 5, 6)))
    ledger.note(Entry("dropped", "duplicate", "a.csv", rows(*range(20, 40))))
    ledger.note(Entry("changed", "html", "a.csv", rows(1, 2)))
    ledger.note(Entry("changed", "space", "a.csv", rows(2, 3)))
    ledger.note(Entry("changed", "width", "a.csv", rows()))
    ledger.note(Entry("truncated", "max_length", "b.csv", rows(1)))
    return ledger


def test_summary(ledger):
    assert ledger.summary() == {
        "read": 100,
        "kept": 75,
        "dropped": {"ragged": 2, "empty_text": 3, "duplicate": 20},
        "changed": {"html": 2, "space": 2},
        "changed_rows": 3,
        "truncated": 1,
    }


def test_too_many_faults_stop_and_tell_why(ledger):
    ledger.check(0.05)
    with pytest.raises(DataError) as caught:
        ledger.check(0.04)
    assert caught.value.code == "data.dropped"
    assert "5 of 100 rows (5.0%)" in caught.value.message
    assert "no text: 3 (a.csv: 4, 6; b.csv: 5)" in caught.value.message
    assert "wrong number of cells: 2 (a.csv: 7, 9)" in caught.value.message
    assert "duplicate" not in caught.value.message
    Ledger().check(0.0)


def test_writes_a_line_a_row(ledger, tmp_path):
    ledger.write(tmp_path / "ledger.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    assert lines[0] == {"summary": ledger.summary(), "files": {"a.csv": 90, "b.csv": 10}}
    assert lines[1] == {"row": 7, "file": "a.csv", "action": "dropped", "reason": "ragged", "detail": "3"}
    assert lines[3] == {"row": 4, "file": "a.csv", "action": "dropped", "reason": "empty_text"}
    assert len(lines) == 1 + 2 + 3 + 20 + 4 + 1


def test_row_numbers_are_cut():
    assert shown([1, 2]) == "1, 2"
    assert shown(list(range(20)), 3) == "0, 1, 2 …"


def test_every_rule_has_its_words():
    for rule in RULES:
        assert set(catalogue()[f"ledger.{rule.name}"]) == {"en", "zh"}
