from __future__ import annotations

import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.data.gather import FILE, GIVEN, ROW, gather
from tunebook.data.ledger import Ledger
from tunebook.data.options import DataOptions


def test_files_become_one_table(write, tmp_path):
    ledger = Ledger()
    first = write("a.csv", "text,label,n\none,x,1\nragged\n")
    second = write("b.jsonl", '{"text": "two", "label": "y", "n": 2}\n{"text": "three", "label": "x"}\n')
    test = write("c.csv", "label,text\ny,four\n")
    found = gather({"train": [first, second], "test": [test]}, DataOptions(), ledger)
    assert found.table["text"].to_pylist() == ["one", "two", "three", "four"]
    assert found.table["n"].to_pylist() == ["1", "2", None, None]
    assert found.table[FILE].to_pylist() == [0, 1, 1, 2]
    assert found.table[ROW].to_pylist() == [2, 1, 2, 2]
    assert found.table[GIVEN].to_pylist() == [0, 0, 0, 2]
    assert found.files == ["a.csv", "b.jsonl", "c.csv"]
    assert found.given == {"train", "test"}
    assert set(found.sources) == {"a.csv", "b.jsonl", "c.csv"}
    assert ledger.read == {"a.csv": 2, "b.jsonl": 2, "c.csv": 1}
    assert ledger.counts("dropped") == {"ragged": 1}


def test_files_of_one_name_are_told_apart(tmp_path):
    paths = []
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / "a.csv")
        paths[-1].write_text(f"text,label\n{folder},1\nand {folder},0\n")
    found = gather({"train": paths}, DataOptions(), Ledger())
    assert found.files == [path.as_posix() for path in paths]


def test_columns_must_be_in_every_file(write):
    train = write("a.csv", "text,label\none,x\n")
    test = write("b.csv", "sentence,label\ntwo,y\n")
    with pytest.raises(DataError) as caught:
        gather({"train": [train], "test": [test]}, DataOptions(), Ledger())
    assert caught.value.code == "data.column"
    assert "b.csv" in caught.value.message and "sentence: two" in caught.value.message


def test_types_that_differ_become_text(tmp_path, write):
    from pyarrow import parquet

    parquet.write_table(pa.table({"text": ["a"], "label": ["x"], "n": [[1, 2]]}), tmp_path / "a.parquet")
    other = write("b.csv", "text,label,n\nb,y,3\n")
    found = gather({"train": [tmp_path / "a.parquet", other]}, DataOptions(), Ledger())
    assert found.table["n"].to_pylist() == ["[1, 2]", "3"]


def test_a_column_that_says_the_split(write):
    path = write("a.csv", "text,label,split,weight\none,x,test,3\ntwo,y,train,1\nthree,x,dev,2\nfour,y,train,5\n")
    told = gather({"train": [path]}, DataOptions(split_column="split"), Ledger())
    assert told.table["text"].to_pylist() == ["two", "four", "three", "one"]
    assert told.table[GIVEN].to_pylist() == [0, 0, 1, 2] and told.given == {"train", "validation", "test"}
    assert "split_column" not in told.notes["a.csv"]
    drawn = gather({"train": [path]}, DataOptions(), Ledger())
    assert drawn.table[GIVEN].to_pylist() == [0] * 4 and drawn.given == {"train"}
    assert drawn.notes["a.csv"]["split_column"] == "split" and drawn.notes["a.csv"]["weight_column"] == "weight"


def test_columns_filled_from_above(write):
    path = write("a.csv", "text,label\none,x\ntwo,\nthree,y\nfour,\nfive,\n")
    with pytest.raises(DataError) as caught:
        gather({"train": [path]}, DataOptions(), Ledger())
    assert caught.value.code == "data.blocks"
    found = gather({"train": [path]}, DataOptions(fill_down=["label"]), Ledger())
    assert found.table["label"].to_pylist() == ["x", "x", "y", "y", "y"]


def test_rows_that_are_none_are_written_down(write):
    ledger = Ledger()
    gather(
        {"train": [write("a.csv", "Messages of May,\ntext,label\none,x\ntext,label\ntwo,y\n")]}, DataOptions(), ledger
    )
    assert ledger.counts("dropped") == {"title": 1, "heading_again": 1} and ledger.read == {"a.csv": 4}


def test_a_second_column_of_texts_is_named(write):
    rows = "".join(f"where is my parcel number {n},we are looking for it {n},{n % 2}\n" for n in range(9))
    path = write("a.csv", f"question,reply,label\n{rows}")
    assert gather({"train": [path]}, DataOptions(), Ledger()).notes["a.csv"]["second_text"] == "reply"
    for chosen in (DataOptions(text="question"), DataOptions(text="question", text_pair="reply")):
        assert "second_text" not in gather({"train": [path]}, chosen, Ledger()).notes["a.csv"]
