from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.data.columns import to_table
from tunebook.data.label_columns import (
    bit_columns,
    class_names,
    flat_columns,
    join_columns,
    joined_name,
    label_table,
    numbered_columns,
    with_fields,
)
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare

NAMES = ["rude", "loud"]


def joined(**columns: list[Any]) -> list[Any]:
    table = pa.table({"text": ["…"] * len(columns["rude"]), **columns})
    made = join_columns(table, NAMES, "x.csv")
    assert made.column_names == ["text", joined_name(NAMES)]
    found: list[Any] = made["rude + loud"].to_pylist()
    return found


def test_a_column_a_class() -> None:
    assert joined(rude=["1", "0"], loud=["0", "0"]) == [[1, 0], [0, 0]]
    assert joined(rude=[True, False], loud=[1.0, 0.0]) == [[1, 1], [0, 0]]
    assert joined(rude=["x", ""], loud=[None, "X"]) == [[1, 0], [0, 1]]
    assert joined(rude=["yes", "No"], loud=["☑", "☐"]) == [[1, 1], [0, 0]]
    assert joined(rude=["是", "否"], loud=["✓", " "]) == [[1, 1], [0, 0]]


def test_a_row_of_which_nothing_is_known() -> None:
    assert joined(rude=["1", "0", ""], loud=["0", "-1", "1"]) == [[1, 0], None, None]


def test_columns_of_class_names() -> None:
    found = joined(rude=["defect", " billing ", "", "Defect"], loud=["billing", "billing", None, "nan"])
    assert found == [["defect", "billing"], ["billing"], None, ["Defect"]]
    with pytest.raises(DataError) as caught:  # one column of names, one of yes and no
        joined(rude=["defect", "billing"], loud=["1", "0"])
    assert caught.value.code == "data.label_columns"


@pytest.mark.parametrize(
    ("names", "alike"),
    [
        (["text", "label 1", "label 2"], ["label 1", "label 2"]),
        (["topic1", "id", "Topic2", "topic3"], ["topic1", "Topic2", "topic3"]),
        (["标签1", "标签2"], ["标签1", "标签2"]),
        (["label", "label2", "2020", "2021"], []),
    ],
)
def test_columns_that_are_called_alike(names: list[str], alike: list[str]) -> None:
    assert numbered_columns(names) == alike


def test_any_other_word_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        joined(rude=["1", "0.7"], loud=["0", "0"])
    assert (caught.value.code, caught.value.key) == ("data.label_columns", "rude")


def test_columns_that_may_be_classes() -> None:
    table = pa.table(
        {
            "a": ["0", "1", None],
            "b": [True, False, True],
            "c": ["x", "", "x"],
            "d": ["x", "y", "x"],
            "e": ["", "", ""],
            "f": [0.0, 1.0, 0.0],
            "g": ["yes", "0", "1"],
        }
    )
    assert bit_columns(table, table.column_names) == ["a", "b", "c", "f"]


def schema(feature: Any) -> pa.Schema:
    kept = json.dumps({"info": {"features": {"label": feature}}})
    return pa.schema([("label", pa.int64())], metadata={"huggingface": kept})


def test_names_in_the_schema() -> None:
    one = {"names": ["neg", "pos"], "_type": "ClassLabel"}
    assert class_names(schema(one), "label") == ["neg", "pos"]
    for several in ({"feature": one, "_type": "List"}, {"feature": one, "length": -1, "_type": "Sequence"}, [one]):
        assert class_names(schema(several), "label") == ["neg", "pos"]
    assert class_names(schema({"dtype": "int64", "_type": "Value"}), "label") is None
    assert class_names(schema(one), "text") is None
    assert class_names(pa.schema([("label", pa.int64())]), "label") is None
    assert class_names(pa.schema([("label", pa.int64())], metadata={"huggingface": "{"}), "label") is None


def test_a_field_of_objects() -> None:
    table = pa.table({"text": ["a", "b"], "said": [{"name": "neg", "by": 1}, {"name": "pos", "by": 2}]})
    assert label_table(table, "said.name", None, "x")["said.name"].to_pylist() == ["neg", "pos"]
    words = pa.table({"said": ['{"name": "neg"}', "none", "{", None, "[1]"]})
    assert label_table(words, "said.name", None, "x")["said.name"].to_pylist() == ["neg", None, None, None, None]
    for label in ("said", "other.name", None):
        assert label_table(table, label, None, "x") is table
    dotted = pa.table({"said": ["a"], "said.name": ["b"]})
    assert label_table(dotted, "said.name", None, "x") is dotted
    assert label_table(pa.table({"a": [1, 0], "b": [0, 1]}), None, ["a", "b"], "x").column_names == ["a + b"]


ROWS = [{"data": {"text": "one two", "meta": {"page.no": 3}}, "plain": "a"}, {"data": {"text": "three"}, "plain": "b"}]


def test_fields_become_columns_at_any_depth():
    table = with_fields(to_table(ROWS), ["data.text", None, "plain", "data.meta.page.no", "data.meta.none", "no.such"])
    assert table.column_names == ["data", "plain", "data.text", "data.meta.page.no"]
    assert table["data.text"].to_pylist() == ["one two", "three"]
    assert table["data.meta.page.no"].to_pylist() == [3, None]


def test_fields_of_objects_that_are_written_as_text():
    table = with_fields(pa.table({"label": ['{"name": {"en": "good"}}', "none", None]}), ["label.name.en"])
    assert table["label.name.en"].to_pylist() == ["good", None, None]


def test_columns_are_shown_by_their_fields():
    shown = flat_columns(with_fields(to_table(ROWS), ["data.text"]))
    assert list(shown) == ["data.text", "data.meta.page.no", "plain"]
    assert shown["data.text"].to_pylist() == ["one two", "three"]


def test_texts_and_labels_may_be_fields(write, tmp_path):
    rows = [
        {"data": {"text": f"note {n} of the day"}, "said": {"label": {"name": "ab"[n % 2]}}, "by": {"id": f"r{n}"}}
        for n in range(40)
    ]
    options = DataOptions(text="data.text", label="said.label.name", row_id="by.id")
    ref = prepare([write("rows.json", json.dumps(rows))], tmp_path / "data", options)
    assert ref.labels.names == ["a", "b"] and sum(ref.rows.values()) == 40
    assert (ref.roles.text, ref.roles.label, ref.roles.row_id) == ("data.text", "said.label.name", "by.id")
