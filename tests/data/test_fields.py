from __future__ import annotations

import json

import pyarrow as pa

from tunebook.data.columns import to_table
from tunebook.data.fields import flat_columns, with_fields
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare

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
