"""What every registered technique owes to the tables: rows that can be read, written, explained and built."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("torch", reason="techniques are read with torch")

from tunebook.core.params import build
from tunebook.tables.declared import aliases, declared, settings_rows, switches, technique_rows, techniques
from tunebook.tables.files import read_table, write_table
from tunebook.tables.make import new_table
from tunebook.tables.values import read_value

KEYS = sorted(techniques())
ROWS = sorted(technique_rows())


def test_names_and_aliases_are_unique():
    assert not set(aliases()) & set(declared())
    assert not set(KEYS) & set(settings_rows())


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("form", ["json", "yaml", "csv", "xlsx"])
def test_a_technique_switched_on_survives_every_form(tmp_path, key, form):
    table = new_table({key: "on"})
    assert read_table(write_table(table, tmp_path / f"t.{form}")) == table


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_described_in_both_languages(name):
    row = technique_rows()[name].row
    assert row.text
    assert re.search(r"[\u4e00-\u9fff]", row.zh)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_takes_its_default_its_choices_and_none_where_allowed(name):
    row = technique_rows()[name]
    for value in (row.default, *row.choices, *([None] if row.nullable else [])):
        built = build(switches()[row.owner], {row.field: read_value(row, value)})
        assert getattr(built, row.field) == value
