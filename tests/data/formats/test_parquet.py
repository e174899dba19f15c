from __future__ import annotations

import json

import pyarrow as pa
import pytest
from pyarrow import parquet

from tunebook.data.formats.parquet import Parquet
from tunebook.data.prepare import prepare
from tunebook.data.read import read

NAMES = ["O", "B-LOC", "I-LOC"]


def rows(count):
    words = [["go", "to", "New", "York", str(number)] for number in range(count)]
    return pa.table({"id": list(range(count)), "tokens": words, "ner_tags": [[0, 0, 1, 2, 0]] * count})


@pytest.mark.parametrize("end", ["parquet", "arrow"])
def test_words_with_numbered_tags_whose_names_the_schema_has(tmp_path, end):
    features = {"ner_tags": {"feature": {"names": NAMES, "_type": "ClassLabel"}, "_type": "List"}}
    said = {"huggingface": json.dumps({"info": {"features": features}})}
    table = rows(60).replace_schema_metadata(said)
    path = tmp_path / f"x.{end}"
    if end == "parquet":
        parquet.write_table(table, path)
        assert read(path).notes["tool"] == Parquet.title
    else:
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
    ref = prepare([path], tmp_path / "book")
    assert (ref.labels.problem, ref.labels.names, ref.task) == ("tags", ["LOC"], "tagging")
    assert ref.stats["scheme"] == "bio"
    table = parquet.read_table(tmp_path / "book" / "rows.parquet")
    text = table["text"].to_pylist()[0]
    assert table["label"].to_pylist()[0] == [{"start": 6, "end": 14, "label": "LOC"}] and text[6:14] == "New York"
    assert [text[word["start"] : word["end"]] for word in table["words"].to_pylist()[0]] == text.split()


def test_other_parquet_files_are_tables(tmp_path):
    parquet.write_table(pa.table({"text": ["a b", "c"], "label": [["x"], ["y", "z"]]}), tmp_path / "x.parquet")
    assert read(tmp_path / "x.parquet").notes["format"] == "parquet"
    (tmp_path / "y.parquet").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(Exception, match=r"data\.parquet"):
        read(tmp_path / "y.parquet")


def test_texts_with_places(tmp_path):
    marks = [[{"start": 0, "end": 3, "label": "PER", "value": "Ada"}], []]
    path = tmp_path / "x.parquet"
    parquet.write_table(pa.table({"text": ["Ada left", "no"], "spans": marks, "n": [1, 2]}), path)
    source = read(path)
    assert source.table.to_pydict() == {
        "text": ["Ada left", "no"],
        "n": [1, 2],
        "spans": [[{"start": 0, "end": 3, "label": "PER"}], []],
    }
