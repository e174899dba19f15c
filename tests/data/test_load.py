from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

from tunebook.core.errors import DataError
from tunebook.core.nouns import Roles
from tunebook.core.task import Rows
from tunebook.data import load as module
from tunebook.data.frozen import open_data
from tunebook.data.load import group_codes, load, load_table
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare


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


def test_a_table_is_read_once_for_all_splits_and_again_where_the_file_changed(
    reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = prepare([reviews], tmp_path / "data")
    reads: list[Path] = []
    read = module._read

    def counted(path: Path, content: str) -> Any:
        reads.append(path)
        return read(path, content)

    monkeypatch.setattr(module, "_read", counted)
    found = [load(ref, split) for split in ("train", "validation", "test", "train")]
    assert len(reads) == 1 and [len(rows) for rows in found[:3]] == list(ref.rows.values())
    load_table(ref)
    assert len(reads) == 2, "who checks a book has it read"
    file = tmp_path / "data" / "rows.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] + b"?" + whole[len(whole) // 2 + 1 :])
    with pytest.raises(DataError):
        load(ref, "train")
    file.write_bytes(whole)
    with pytest.raises(DataError):
        load(ref.model_copy(update={"content": "another"}), "train")
    assert load(ref, "train").texts == found[0].texts
    monkeypatch.setattr(module, "_MOST", 10)
    module._held.cache_clear()
    reads.clear()
    for _ in range(2):
        load(ref, "train")
    assert len(reads) == 2, "a table that fills the memory is not held"


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
    path = write("rows.tsv", "id\tsentence1\tsentence2\tscore\tsample_weight\ttext\n" + "\n".join(lines) + "\n")
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


def rows_with(cells: list[object], name: str = "user") -> Rows:
    texts = [f"text {place}" for place in range(len(cells))]
    return Rows(texts=texts, pairs=None, targets=None, ids=texts, other={name: cells})


def codes(cells: list[object]) -> list[int] | None:
    found = group_codes(rows_with(cells), Roles(text="text", group="user"))
    return None if found is None else found.tolist()


def test_rows_of_one_name_are_one_group_and_rows_without_a_name_are_none():
    assert codes(["b", "a", " b ", None, "", "a", float("nan")]) == [0, 1, 0, 2, 3, 1, 4]
    assert codes([7, 8, 7]) == [0, 1, 0]
    assert codes(["0", None, "0", "1"]) == [0, 1, 0, 2]  # the place of the nameless row is no name


def test_without_groups_there_are_no_codes():
    assert codes(["a", "b", None]) is None
    assert group_codes(rows_with(["a", "a"]), Roles(text="text")) is None
    assert group_codes(rows_with(["a", "a"]).at([0, 1]), Roles(text="text", group="user")) is None


def test_the_group_column_of_a_book_is_found_whatever_it_is_called(write, tmp_path: Path):
    lines = [f"text number {n},{'ab'[n % 2]},shop {n % 20}" for n in range(200)]
    for name in ("shop", "pair"):
        path = write(f"{name}.csv", "\n".join([f"text,label,{name}", *lines]) + "\n")
        ref = prepare([path], tmp_path / name, DataOptions(group=name))
        rows = load(ref, "train")
        found = group_codes(rows, ref.roles)
        assert found is not None and ref.roles.group == name
        shops = [int(text.split()[-1]) % 20 for text in rows.texts]
        assert len(np.unique(found)) == len(set(shops))
        assert len(set(zip(found.tolist(), shops, strict=True))) == len(set(shops))
