"""Whole files of other tools: nothing is dropped without a note, and what is taken is a table."""

from __future__ import annotations

import json

import pytest
from tests.tables.foreign.conftest import SAMPLES, notes

from tunebook.core.errors import TableError
from tunebook.tables.files import read_table, write_table
from tunebook.tables.foreign import TOOLS, read_foreign
from tunebook.tables.make import new_table

FILES = sorted(path.name for path in SAMPLES.iterdir())


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_key_has_one_note_with_a_reason(name, language, monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    imported = read_foreign(SAMPLES / name)
    assert all(note.why for note in imported.notes)
    assert len(notes(imported)) == len(imported.notes)
    for note in imported.notes:
        assert (note.row is None) == (note.action in ("not_applicable", "unknown"))
        assert any("一" <= char <= "鿿" for char in note.why) == (language == "zh")
    assert set(imported.values) == set(imported.reasons)
    json.dumps([note.model_dump() for note in imported.notes])


@pytest.mark.parametrize("name", FILES)
def test_the_table_is_a_table(name, tmp_path):
    table = read_foreign(SAMPLES / name).table()
    assert read_table(write_table(table, tmp_path / "t.yaml")) == table
    assert name in table.note


def test_a_child_of_a_books_table():
    parent = new_table({"learning_rate": 1e-4, "batch_size": 2, "focal.gamma": 1}, owner="An")
    parent = parent.model_copy(update={"version": 3})
    imported = read_foreign(SAMPLES / "axolotl.yml")
    table = imported.table(parent)
    assert (table.parent, table.owner, table.values()["focal.gamma"]) == (3, "An", 1)
    assert "Axolotl" in table.rows["lora.learning_rate"].reason
    assert table.rows["learning_rate"] == parent.rows["learning_rate"]
    assert table.rows["batch_size"].reason == ""  # it had this value before
    assert table.rows["seed"] == parent.rows["seed"]


@pytest.mark.parametrize(
    ("method", "before", "gone"),
    [
        ("lora", "lora.rank", []),
        ("lora", "adalora.rank", ["adalora"]),
        ("lora", "freeze.layers", ["freeze"]),
        ("lora", "gradual_unfreezing.layers", ["gradual_unfreezing"]),
        ("lora", "focal.gamma", []),
        ("full", "lora.rank", ["lora"]),
        ("full", "freeze.layers", ["freeze"]),
        ("full", "gradual_unfreezing.layers", []),
        ("freeze", "freeze.layers", []),
        ("freeze", "ia3.learning_rate", ["ia3"]),
    ],
)
def test_what_cannot_stand_beside_the_files_method_is_switched_off(method, before, gone, tmp_path):
    value = 3e-3 if before.endswith("rate") else 4
    parent = new_table({before: value, "focal.gamma": 1})
    path = tmp_path / "c.yaml"
    path.write_text(f"stage: sft\nfinetuning_type: {method}\nlearning_rate: 1.0e-4\ntemplate: x\n", encoding="utf-8")
    imported = read_foreign(path)
    table = imported.table(parent)
    assert imported.switched_off(parent) == gone
    assert {name.partition(".")[0] for name in table.rows if "." in name} >= {"focal"}
    assert not [name for name in table.rows if name.partition(".")[0] in gone]


def test_a_file_that_names_no_method_leaves_the_tables_alone(tmp_path):
    path = tmp_path / "c.json"
    path.write_text('{"learning_rate": 1e-5, "num_train_epochs": 2}', encoding="utf-8")
    imported = read_foreign(path)
    parent = new_table({"lora.rank": 4})
    assert (imported.method, imported.job, imported.switched_off(parent)) == ("", None, [])
    assert imported.table(parent).values()["lora.rank"] == 4


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("axolotl.yml", "axolotl"),
        ("llama_factory_full.yaml", "llama-factory"),
        ("llama_factory_lora.yaml", "llama-factory"),
        ("ms_swift.sh", "ms-swift"),
        ("ms_swift.yaml", "ms-swift"),
        ("training_args.json", "transformers"),
    ],
)
def test_recognised_by_its_keys(name, tool):
    assert read_foreign(SAMPLES / name).tool is TOOLS[tool]


def config(tmp_path, data, name="c.json"):
    path = tmp_path / name
    path.write_text(json.dumps(data) if not isinstance(data, str) else data, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        ({"a": 1}, "c.json", "importing.whose"),
        ({"seed": 1}, "c.json", "importing.whose"),
        ({"sequence_len": 1, "cutoff_len": 1}, "c.json", "importing.whose"),
        ({"rows": {"learning_rate": 1}}, "c.json", "importing.whose"),
        ([1], "c.json", "importing.no_config"),
        ("# nothing\n", "c.yaml", "importing.no_config"),
        ("learning_rate = 1", "c.toml", "importing.form"),
        ("", "c.yaml", "table.empty"),
        ('{"seed": 1, "seed": 2}', "c.json", "row.twice"),
        ("echo done\n", "c.sh", "importing.no_command"),
    ],
)
def test_refused_files(tmp_path, data, name, code):
    with pytest.raises(TableError) as caught:
        read_foreign(config(tmp_path, data, name))
    assert caught.value.code == code and str(caught.value)


def test_a_tool_may_be_named(tmp_path):
    path = config(tmp_path, {"seed": 3})
    assert {read_foreign(path, name.upper()).tool.name for name in TOOLS} == set(TOOLS)
    with pytest.raises(TableError, match=r"importing\.tool"):
        read_foreign(path, "trl")
