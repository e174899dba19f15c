from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.core.nouns import Roles
from tunebook.data.options import DataOptions
from tunebook.data.read import ReadFile
from tunebook.data.sheet_damage import filled_down, refuse_spoilt


def refused(labels: list[Any], lost: tuple[str, ...] = (), kind: str = "csv", **options: Any) -> DataError | None:
    notes = {"format": kind}
    table = pa.table({"text": ["t"] * len(labels), "label": labels})
    source = ReadFile(Path("a.xlsx"), "a.xlsx", "", table, np.arange(len(labels)), len(labels), notes=notes, lost=lost)
    try:
        refuse_spoilt(source, Roles(text="text", label="label"), DataOptions(**options), "a.xlsx")
    except DataError as error:
        return error
    return None


def test_columns_that_hold_what_their_author_wrote():
    for labels in (
        ["a", "b", None, "a"],
        [1, 2, 1],
        [["a"], ["b"]],
        ["2025-01-02", "b", "c"],
        ["a", None, "a", None, None],
    ):
        assert refused(labels) is None
    assert refused(["a", "b"], lost=("other",)) is None


def test_formulas_without_values():
    error = refused([None, None], lost=("label",))
    assert error is not None and error.code == "data.formulas" and error.key == "label"


def test_classes_that_became_dates():
    day = datetime.date(2025, 3, 4)
    for labels in ([day, day, None], ["2025-03-04 00:00:00", "10+", "2025-03-04 00:00:00"]):
        error = refused(labels)
        assert error is not None and error.code == "data.label_dates" and "2025-03-04" in error.advice
        assert refused(labels, kind="parquet") is None, "dates on purpose: no sheet made them"
        assert refused(labels, label_names={"2025-03-04": "3-4"}) is None


def test_a_label_once_for_the_rows_below():
    labels = ["a", None, "", "b", None, None]
    error = refused(labels)
    assert error is not None and error.code == "data.blocks" and "--fill-down 'label'" in error.advice
    assert refused([None, *labels]) is None, "the first row has none, so these rows are not labelled yet"
    table = filled_down(pa.table({"label": labels, "n": [1, None, None, 2, None, 3]}), ["label", "n"])
    assert table["label"].to_pylist() == ["a", "a", "a", "b", "b", "b"]
    assert table["n"].to_pylist() == ["1", "1", "1", "2", "2", "3"]
    with pytest.raises(KeyError):
        filled_down(table, ["none"])
