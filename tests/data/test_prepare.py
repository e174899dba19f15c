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
from tunebook.data.load import load, load_table
from tunebook.data.options import DataOptions
from tunebook.data.prepare import open_data, prepare


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


def test_damage_is_noticed(reviews: Path, tmp_path: Path):
    ref = prepare([reviews], tmp_path / "data")
    file = tmp_path / "data" / "rows.parquet"
    table = parquet.read_table(file)
    labels = table["label"].to_pylist()
    parquet.write_table(table.set_column(5, "label", [[*labels[1:], labels[0]]]), file)
    for damage in ("edited", "cut", "gone"):
        if damage == "cut":
            file.write_bytes(file.read_bytes()[:-10])
        elif damage == "gone":
            file.unlink()
        with pytest.raises(DataError) as caught:
            load(ref, "train")
        assert caught.value.code == "data.damaged"
    with pytest.raises(DataError) as caught:
        open_data(tmp_path)
    assert caught.value.code == "data.not_prepared"


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


def test_repeats(write, tmp_path: Path):
    base = [f"text number {n},{'ab'[n % 2]}" for n in range(60)]
    more = ["Text  number 0,a", "text number 1,b", "text number 2,b"]
    path = write("rows.csv", "text,label\n" + "\n".join([*base, *more]) + "\n")
    ref = prepare([path], tmp_path / "removed")
    assert ref.stats["repeats"] == {"duplicates": 2, "conflicts": 2, "leaked": 0, "validation_in_test": 0}
    assert sum(ref.rows.values()) == 61
    side = {}
    for row in load_table(ref).to_pylist():
        assert side.setdefault(row["text"].lower(), row["_split"]) == row["_split"]
    assert {w["code"] for w in ref.stats["warnings"]} >= {"duplicates", "conflicts"}
    assert sum(prepare([path], tmp_path / "kept", DataOptions(duplicates="keep")).rows.values()) == 63
    error = refused([path], tmp_path / "x", DataOptions(duplicates="refuse"))
    assert error.code == "data.duplicates"
    assert "rows.csv: 62, 63" in error.message


def test_nothing_but_repeats(write, tmp_path: Path):
    path = write("rows.csv", "text,label\n" + "same,a\nother,b\n" * 50)
    error = refused([path], tmp_path / "x")
    assert error.code == "data.few_rows"
    assert "train 2, validation 0, test 0" in error.message


def test_given_files_are_kept_and_leaks_leave_training(reviews: Path, write, tmp_path: Path):
    test = write(
        "test.csv",
        "text,label\nreview number 0 was good,good\nnew one,bad\nnew one,bad\nReview number 1 was good,odd\n",
    )
    ref = prepare([reviews], tmp_path / "a", test=test)
    assert ref.rows["test"] == 4
    assert ref.stats["repeats"]["leaked"] == 2
    assert ref.rows["train"] + ref.rows["validation"] == 58
    assert ref.rows["validation"] == pytest.approx(58 * 0.2, abs=1)
    assert refused([reviews], tmp_path / "b", DataOptions(leakage="refuse"), test=test).code == "data.leakage"
    both = prepare([reviews], tmp_path / "c", validation=test, test=test)
    assert both.rows == {"train": 58, "validation": 4, "test": 4}
    assert both.stats["repeats"]["validation_in_test"] == 4
    only = prepare([reviews], tmp_path / "d", validation=test)
    assert only.rows["validation"] == 4 and 0 < only.rows["test"] < only.rows["train"]


def test_groups_and_times(write, tmp_path: Path):
    lines = [f"text number {n},{'ab'[n % 2]},{n // 4 or ''},2025-01-{n % 28 + 1:02}" for n in range(80)]
    lines += ["same text,a,1,2025-01-01", "same text,b,2,2025-01-28"]
    path = write("rows.csv", "text,label,shop,date\n" + "\n".join(lines) + "\n")
    ref = prepare([path], tmp_path / "group", DataOptions(group="shop"))
    rows = load_table(ref).to_pylist()
    sides: dict[str, set[str]] = {}
    for row in rows:
        if row["shop"]:
            sides.setdefault(row["shop"], set()).add(row["_split"])
    assert all(len(parts) == 1 for parts in sides.values())
    assert len({row["_split"] for row in rows if row["text"] == "same text"}) == 1
    ref = prepare([path], tmp_path / "time", DataOptions(split_by="time"))
    days = {split: {row["date"] for row in load_table(ref).to_pylist() if row["_split"] == split} for split in ref.rows}
    assert max(days["train"]) < min(days["validation"]) and max(days["validation"]) < min(days["test"])
    for wrong, code in (({"split_by": "group"}, "data.group_needed"), ({"split_by": "time"}, "data.time_needed")):
        plain = write("plain.csv", "text,label\n" + "\n".join(f"text {n},{'ab'[n % 2]}" for n in range(20)))
        assert refused([plain], tmp_path / "x", DataOptions(**wrong)).code == code


def test_a_text_of_two_groups_leaves_training(write, tmp_path: Path):
    lines = [f"text {n},{'ab'[n % 2]},{n // 10}" for n in range(90)] + [f"shared,{'ab'[n % 2]},{n}" for n in range(9)]
    path = write("rows.csv", "text,label,group\n" + "\n".join(lines) + "\n")
    ref = prepare([path], tmp_path / "x", DataOptions(group="group", duplicates="keep"))
    assert "shared" not in texts_of(ref)["train"]
    assert ref.stats["ledger"]["dropped"]["leaked"] > 0


def test_several_labels(write, tmp_path: Path):
    labels = ["x", "y", "x,y", "z", "y,z"]
    path = write("rows.tsv", "".join(f"text number {n}\t{labels[n % 5]}\tk{n}\n" for n in range(100)))
    ref = prepare([path], tmp_path / "x")
    assert ref.labels.problem == "multi_label" and ref.labels.names == ["x", "y", "z"]
    rows = load(ref, "train")
    assert rows.targets.shape == (70, 3) and rows.targets.dtype == np.float32
    by_id = {row["_id"]: row["label"] for row in load_table(ref).to_pylist()}
    for id_, target in zip(rows.ids, rows.targets, strict=True):
        assert [name for name, on in zip(ref.labels.names, target, strict=True) if on] == by_id[id_]


def test_regression_with_pairs_weights_and_ids(write, tmp_path: Path):
    lines = [f"r{n}\tfirst {n}\tsecond {n}\t{n / 7:.3f}\t{n % 3}\tnote {n}" for n in range(90)]
    path = write("rows.tsv", "id\tsentence1\tsentence2\tscore\tweight\ttext\n" + "\n".join(lines) + "\n")
    ref = prepare([path], tmp_path / "x", DataOptions(split="80/20"))
    assert ref.labels.problem == "regression" and ref.labels.names == []
    rows = load(ref, "train")
    assert rows.targets.dtype == np.float32
    assert (ref.labels.low, ref.labels.high) == pytest.approx((rows.targets.min(), rows.targets.max()))
    assert rows.pairs is not None and rows.pairs[0].startswith("second")
    assert rows.weights is not None and set(rows.weights.tolist()) == {0.0, 1.0, 2.0}
    assert rows.ids[0].startswith("r")
    assert rows.other["source_text"][0].startswith("note")
    assert set(rows.other) == {"_row", "_file", "id", "source_text"}
    assert ref.rows["test"] == pytest.approx(18, abs=2) and ref.rows["validation"] == pytest.approx(11, abs=2)


def test_ordered_classes(write, tmp_path: Path):
    names = ["low", "mid", "high"]
    path = write("rows.csv", "text,label\n" + "\n".join(f"text {n},{names[n % 3]}" for n in range(60)))
    ref = prepare([path], tmp_path / "x", DataOptions(label_order=names))
    targets = load(ref, "test").targets
    assert targets.dtype == np.float32 and set(targets.tolist()) == {0.0, 1.0, 2.0}


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


def test_a_class_that_is_only_in_the_test_file(reviews: Path, write, tmp_path: Path):
    test = write("test.csv", "text,label\nnew one,strange\nold one,good\n")
    ref = prepare([reviews], tmp_path / "x", test=test)
    assert "class_missing" in {item["code"] for item in ref.stats["warnings"]}


def test_one_class_left_for_training(write, tmp_path: Path):
    train = write("train.csv", "text,label\n" + "\n".join(f"text {n},a" for n in range(20)) + "\nother,b\n")
    test = write("test.csv", "text,label\nother,b\nnew,a\n")
    assert refused([train], tmp_path / "x", test=test).code == "data.one_class"


def test_the_split_does_not_hang_on_the_order_of_rows(reviews: Path, write, tmp_path: Path):
    head, *lines = reviews.read_text().splitlines()
    other = write("turned.csv", "\n".join([head, *reversed(lines)]) + "\n")
    assert texts_of(prepare([reviews], tmp_path / "a")) == texts_of(prepare([other], tmp_path / "b"))
