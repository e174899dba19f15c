from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.core.nouns import Roles
from tunebook.data.clean import chosen_rules
from tunebook.data.draft import Draft, clean_draft, row_ids, timed_draft, weigh_draft
from tunebook.data.gather import FILE, GIVEN, ROW, TIME
from tunebook.data.ledger import Ledger
from tunebook.data.options import DataOptions


def draft_of(**columns) -> Draft:
    count = len(next(iter(columns.values())))
    own = {FILE: [0] * (count - 1) + [1], ROW: list(range(2, count + 2)), GIVEN: [0] * count}
    return Draft(pa.table({**columns, **own}), ["a.csv", "b.csv"], Ledger())


def test_cleaning_drops_empty_and_absurd_texts():
    draft = draft_of(text=["  one ", "<br>", None, "x" * 50, "two"], pair=["p", "p", "p", "p", "\u200b"])
    roles = Roles(text="text", text_pair="pair")
    done, found = clean_draft(draft, roles, DataOptions(max_cell=40), chosen_rules())
    assert done.table["text"].to_pylist() == ["one"]
    assert draft.ledger.counts("dropped") == {"cell_too_long": 1, "empty_text": 2, "empty_pair": 1}
    assert draft.ledger.examples("empty_pair") == "b.csv: 6"
    assert draft.ledger.examples("cell_too_long") == "a.csv: 5"
    assert found["html"] == {"rows": 1, "examples": [{"before": "<br>", "after": " "}]}
    assert found["space"]["rows"] == 2


def test_numbers_as_text():
    done, _ = clean_draft(draft_of(text=[1, 2]), Roles(text="text"), DataOptions(), [])
    assert done.table["text"].to_pylist() == ["1", "2"]


def test_what_programs_write_for_no_text_is_none():
    texts = ["NA", " NaN ", "NULL", "\\N", "None", "-", "NA, nothing", None, "#REF!"]
    done, _ = clean_draft(draft_of(text=texts), Roles(text="text", label="l"), DataOptions(), chosen_rules({}))
    assert done.table["text"].to_pylist() == ["None", "-", "NA, nothing"]
    assert done.ledger.counts("dropped") == {"empty_text": 6}


def test_weights_are_finite_and_not_negative():
    draft = weigh_draft(draft_of(w=["1", " 0.5 ", "-1", "inf", "heavy", "5_0", None, "0"]), "w")
    assert draft.table["w"].to_pylist() == [1.0, 0.5, 0.0]
    assert draft.ledger.counts("dropped") == {"bad_weight": 5}
    plain = draft_of(w=["x", "y"])
    assert weigh_draft(plain, None) is plain


def test_times_are_asked_for():
    rows = draft_of(when=["2025-01-01", "soon", "2025-01-02"])
    draft = timed_draft(rows, "when", DataOptions(max_dropped=0.5))
    assert draft.ledger.counts("dropped") == {"no_time": 1}
    assert np.diff(draft.numbers(TIME)).tolist() == [86_400_000_000]
    with pytest.raises(DataError) as caught:
        timed_draft(draft, None, DataOptions())
    assert caught.value.code == "data.time_needed"
    with pytest.raises(DataError) as caught:
        timed_draft(rows, "when", DataOptions())
    assert caught.value.code == "data.time_forms" and "31 Jan 2025" in caught.value.allowed
    assert "'soon'" in caught.value.message and "3" in caught.value.message


def test_ids_are_the_columns_or_file_and_row():
    ids, unusable = row_ids(draft_of(key=[7, 8, 9]), "key")
    assert (ids.to_pylist(), unusable) == (["7", "8", "9"], False)
    for keys in (["7", "07", "x"], ["7", "07", "9"]):  # the same number, written differently
        assert row_ids(draft_of(key=keys), "key")[0].to_pylist() == keys
    for keys in (["a", "a", "b"], ["a", None, "b"], ["7", "8", "7"]):
        ids, unusable = row_ids(draft_of(key=keys), "key")
        assert (ids.to_pylist(), unusable) == (["a.csv:2", "a.csv:3", "b.csv:4"], True)
    assert row_ids(draft_of(key=["a", "b"]), None)[1] is False


def test_a_record_that_became_several_rows_has_an_id_for_each():
    draft = draft_of(a=[1, 2, 3])
    draft = draft.put(ROW, pa.array([2, 2, 2])).put(FILE, pa.array([0, 0, 1]))
    assert row_ids(draft, None)[0].to_pylist() == ["a.csv:2", "a.csv:2:2", "b.csv:2"]


def test_dropping_nothing_is_nothing():
    draft = draft_of(a=[1, 2])
    assert draft.drop("empty_text", draft.numbers("a")[:0]) is draft
    assert draft.places_shown(draft.numbers("a")[:1]) == "b.csv: 3"
