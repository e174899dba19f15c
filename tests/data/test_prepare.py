from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef
from tunebook.data.describe import warning_text
from tunebook.data.frozen import open_data
from tunebook.data.ledger import Entry, Ledger
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.data.prepare import file_warnings, prepare


def refused(*args: Any, **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        prepare(*args, **options)
    assert str(caught.value)
    return caught.value


def texts_of(ref: DataRef) -> dict[str, set[str]]:
    return {split: set(load(ref, split).texts) for split in ("train", "validation", "test")}


def test_from_a_file_to_frozen_rows(reviews: Path, tmp_path: Path):
    ref = prepare([reviews], tmp_path / "data")
    assert ref.rows == {"train": 41, "validation": 12, "test": 7}
    assert ref.roles.text == "text" and ref.roles.label == "label"
    assert ref.labels.names == ["bad", "good", "odd"]
    table = parquet.read_table(tmp_path / "data" / "rows.parquet")
    assert table.column_names == ["_id", "_row", "_file", "_split", "text", "label"]
    assert table["_id"][0].as_py() == "reviews.csv:2"
    assert table["_row"].to_pylist() == list(range(2, 62))
    parts = texts_of(ref)
    assert sum(map(len, parts.values())) == 60 and not parts["train"] & (parts["validation"] | parts["test"])
    for split in parts:
        assert set(load(ref, split).targets.tolist()) == {0, 1, 2}
    summary = json.loads((tmp_path / "data" / "ledger.jsonl").read_text().splitlines()[0])["summary"]
    assert summary == ref.stats["ledger"]
    assert ref.stats["seed"] == 42 and ref.stats["preset"]["split"] == "7:2:1"
    assert ref.stats["cleaning"]["rules"][0] == "html"


def test_again_changes_nothing_and_other_data_is_refused(reviews: Path, tmp_path: Path):
    first = prepare([reviews], tmp_path / "data")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "data").iterdir()}
    assert set(before) == {"rows.parquet", "split.json", "ledger.jsonl"}
    assert prepare([reviews], tmp_path / "data").content == first.content
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "data").iterdir()} == before
    assert refused([reviews], tmp_path / "data", DataOptions(seed=7)).code == "data.exists"
    assert prepare([reviews], tmp_path / "other").content == first.content
    (tmp_path / "data").rename(tmp_path / "moved")
    assert open_data(tmp_path / "moved").path == tmp_path / "moved"
    assert len(load(open_data(tmp_path / "moved"), "train")) == 41


def test_faulty_rows_are_told_and_stop_above_a_share(write, tmp_path: Path):
    lines = [f"text number {n},{'ab'[n % 2]}" for n in range(95)] + [
        "ragged",
        ",a",
        "no label,",
        " ,b",
        "more,ragged,x",
    ]
    path = write("rows.csv", "text,label\n" + "\n".join(lines) + "\n")
    ref = prepare([path], tmp_path / "ok")
    assert ref.stats["ledger"]["dropped"] == {"ragged": 2, "empty_text": 2, "no_label": 1}
    error = refused([path], tmp_path / "no", DataOptions(max_dropped=0.04))
    assert error.code == "data.dropped"
    assert "wrong number of cells: 2 (rows.csv: 97, 101)" in error.message
    assert not (tmp_path / "no").exists()


def test_mostly_faulty_rows_are_told_before_the_labels(write, tmp_path: Path):
    path = write("rows.csv", "text,label\none,a\n" + "x,y,z\n" * 30)
    assert refused([path], tmp_path / "x").code == "data.dropped"


def test_warnings_tell_what_was_done(write, tmp_path: Path):
    lines = [f"no{n % 40},le caf\xe9 num\xe9ro {n},{'bon' if n % 2 else 'mal'}" for n in range(60)] + [
        "no1,un seul,Bon",
        "no2,rare,unique",
    ]
    path = write("rows.csv", "id,text,label\n" + "\n".join(lines), "latin-1")
    ref = prepare([path], tmp_path / "x")
    codes = Counter(item["code"] for item in ref.stats["warnings"])
    assert set(codes) == {
        "class_small",
        "imbalance",
        "split_small",
        "labels_merged",
        "class_unseen",
        "ids_repeated",
        "encoding_guessed",
    }
    assert ref.stats["merged_labels"] == {"Bon": "bon"}
    assert ref.stats["ledger"]["changed"]["label_merged"] == 1
    assert [ref.stats["classes"][split]["unique"] for split in ref.rows] == [1, 0, 0]


def test_formulas_without_values_are_told(tmp_path: Path):
    from openpyxl import Workbook

    book = Workbook()
    for row in [["text", "label", "n"], *([f"text {n}", "ab"[n % 2], "=1+1" if n == 0 else n] for n in range(40))]:
        book.active.append(row)
    book.save(tmp_path / "rows.xlsx")
    ref = prepare([tmp_path / "rows.xlsx"], tmp_path / "x")
    assert next(w for w in ref.stats["warnings"] if w["code"] == "formulas")["fields"]["cells"] == "C2"


def test_a_column_called_pair_is_no_second_text(write, tmp_path: Path):
    lines = [f"text number {n},{'ab'[n % 2]},{n}" for n in range(40)]
    ref = prepare([write("rows.csv", "text,label,pair\n" + "\n".join(lines))], tmp_path / "data")
    rows = load(ref, "train")
    assert ref.roles.text_pair is None and rows.pairs is None
    assert rows.other["source_pair"] == [text.split()[-1] for text in rows.texts]


def test_warnings_of_what_was_read_come_before_those_of_what_it_is_like(write, tmp_path: Path):
    lines = [f"where is my parcel number {n},we are looking for it {n},{'ab'[n % 2]}" for n in range(40)]
    ref = prepare([write("rows.csv", "question,reply,label\n" + "\n".join(lines))], tmp_path / "data")
    codes = [item["code"] for item in ref.stats["warnings"]]
    assert codes[0] == "second_text" and len(codes) > 1


def test_a_class_that_is_only_in_the_test_file(reviews: Path, write, tmp_path: Path):
    test = write("test.csv", "text,label\nnew one,strange\nold one,good\n")
    ref = prepare([reviews], tmp_path / "x", test=test)
    assert "class_missing" in {item["code"] for item in ref.stats["warnings"]}


def test_one_class_left_for_training(write, tmp_path: Path):
    train = write("train.csv", "text,label\n" + "\n".join(f"text {n},a" for n in range(20)) + "\nother,b\n")
    test = write("test.csv", "text,label\nother,b\nnew,a\n")
    assert refused([train], tmp_path / "x", test=test).code == "data.one_class"


def test_where_a_fresh_head_starts(tmp_path: Path) -> None:
    lines = [f"text number {n},{'a|b' if n % 4 == 0 else 'b'}" for n in range(80)]
    (tmp_path / "several.csv").write_text("text,label\n" + "\n".join(lines) + "\n")
    ref = prepare([tmp_path / "several.csv"], tmp_path / "out", DataOptions(problem="multi_label"))
    shares = 1 / (1 + np.exp(-np.array(ref.labels.start)))
    counts = ref.stats["classes"]["train"]
    expected = [(counts[name] + 0.5) / (ref.rows["train"] + 1) for name in ref.labels.names]
    assert shares == pytest.approx(expected)


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
