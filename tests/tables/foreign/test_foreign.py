"""Whole files of other tools: nothing is dropped without a note, and what is taken is a table."""

from __future__ import annotations

import json

import pytest
from tests.tables.foreign.conftest import SAMPLES, notes

from tunebook.tables.foreign import read_foreign
from tunebook.tables.make import new_table
from tunebook.tables.read import read_table
from tunebook.tables.write import write_table

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
