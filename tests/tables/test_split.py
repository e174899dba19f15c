import pytest

from tunebook.core.errors import TableError
from tunebook.core.nouns import ParamTable, TableRow
from tunebook.core.settings import Settings
from tunebook.tables.in_force import settings_of, techniques_of
from tunebook.tables.make import new_table


def test_settings_and_techniques_of_a_table():
    table = new_table({"lr": 1e-4, "shake.size": 2, "fade": "on"})
    assert settings_of(table) == Settings(learning_rate=1e-4)
    assert techniques_of(table) == {
        "shake": {"size": 2.0, "parts": ["embeddings"], "depth": "all", "hidden": False, "note": None},
        "fade": {"first": 0, "last": 10},
    }
    assert techniques_of(new_table({})) == {}


def test_a_table_made_by_hand():
    assert settings_of(ParamTable(rows={"seed": TableRow(value=1)})) == Settings(seed=1)
    with pytest.raises(TableError):
        settings_of(ParamTable(rows={"seed": TableRow(value=-1)}))
