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
    assert {row for row in imported.values} == {row for row in imported.reasons}
    json.dumps([note.model_dump() for note in imported.notes])


@pytest.mark.parametrize("name", FILES)
def test_the_table_is_a_table(name, tmp_path):
    table = read_foreign(SAMPLES / name).table()
    assert read_table(write_table(table, tmp_path / "t.yaml")) == table
    assert name in table.note


def test_a_child_of_a_books_table():
    parent = new_table({"learning_rate": 1e-4, "batch_size": 2, "freeze.layers": 2}, owner="An")
    parent = parent.model_copy(update={"version": 3})
    imported = read_foreign(SAMPLES / "axolotl.yml")
    table = imported.table(parent)
    assert (table.parent, table.owner, table.values()["freeze.layers"]) == (3, "An", 2)
    assert "Axolotl" in table.rows["learning_rate"].reason
    assert table.rows["batch_size"].reason == ""  # it had this value before
    assert table.rows["seed"] == parent.rows["seed"]
