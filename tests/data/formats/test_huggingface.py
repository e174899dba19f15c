from __future__ import annotations

import json

import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.data.read import read

NAMES = {b"huggingface": json.dumps({"info": {"features": {"label": {"names": ["no", "yes"]}}}}).encode()}


def rows(*texts):
    table = pa.table({"text": list(texts), "label": [place % 2 for place in range(len(texts))]})
    return table.replace_schema_metadata(NAMES)


def save(folder, *tables, form=pa.ipc.new_stream):
    folder.mkdir(parents=True)
    names = [f"data-{place:05}-of-{len(tables):05}.arrow" for place in range(len(tables))]
    for name, table in zip(names, tables, strict=True):
        with pa.OSFile(str(folder / name), "wb") as stream, form(stream, table.schema) as writer:
            writer.write_table(table)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names]}))
    (folder / "dataset_info.json").write_text("{}")
    return folder


def test_a_folder_is_one_table_with_its_schema(tmp_path):
    source = read(save(tmp_path / "set", rows("a", "b"), rows("c")))
    assert source.table["text"].to_pylist() == ["a", "b", "c"]
    assert b"huggingface" in source.table.schema.metadata
    assert source.name == "set"
    assert len(source.hash) == 12


def test_a_folder_of_splits(tmp_path):
    save(tmp_path / "train", rows("a", "b"))
    save(tmp_path / "test", rows("c"))
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    source = read(tmp_path)
    assert source.table["split"].to_pylist() == ["train", "train", "test"]
    assert source.rows.tolist() == [1, 2, 3]
    assert source.roles == {"split_column": "split"}
    assert b"huggingface" in source.table.schema.metadata


def test_splits_of_other_names_are_given_one_by_one(tmp_path):
    for part in ("train", "validation_matched"):
        save(tmp_path / part, rows("a", "b"))
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "validation_matched"]}')
    with pytest.raises(DataError, match=r"format\.splits"):
        read(tmp_path)
    assert read(tmp_path / "train").table.num_rows == 2


def test_a_column_called_split_is_kept(tmp_path):
    save(tmp_path / "train", rows("a").append_column("split", pa.array(["own"])))
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train"]}')
    source = read(tmp_path)
    assert source.table["split"].to_pylist() == ["own"]
    assert source.table[source.roles["split_column"]].to_pylist() == ["train"]


def test_a_split_without_labels_is_left_out(tmp_path):
    save(tmp_path / "train", rows("a", "b"))
    bare = rows("c", "d").set_column(1, "label", pa.array([-1, -1]))
    save(tmp_path / "test", bare.replace_schema_metadata(NAMES))
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    source = read(tmp_path)
    assert source.table["text"].to_pylist() == ["a", "b"]
    assert source.faults == {"unlabelled": {3: "", 4: ""}}
    assert read(tmp_path, labelled=False).table.num_rows == 4


@pytest.mark.parametrize("form", [pa.ipc.new_stream, pa.ipc.new_file])
def test_a_single_file(tmp_path, form):
    folder = save(tmp_path / "set", rows("a", "b"), form=form)
    assert read(folder / "data-00000-of-00001.arrow").table["text"].to_pylist() == ["a", "b"]


def test_a_folder_that_lacks_a_file_is_damaged(tmp_path):
    folder = save(tmp_path / "set", rows("a"))
    (folder / "data-00000-of-00001.arrow").unlink()
    with pytest.raises(DataError, match=r"format\.damaged"):
        read(folder)
    (folder / "x.arrow").write_bytes(b"ARROW1 and no more")
    with pytest.raises(DataError, match=r"format\.damaged"):
        read(folder / "x.arrow")


def test_texts_that_are_no_characters_are_damage(tmp_path):
    folder = save(tmp_path / "set", rows("abcdefgh", "b"))
    path = folder / "data-00000-of-00001.arrow"
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"abc\xff\xfefgh"))
    with pytest.raises(DataError, match=r"format\.damaged"):
        read(path)
