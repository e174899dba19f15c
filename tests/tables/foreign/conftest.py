"""The real techniques, whose rows other tools' keys may mean; files that such tools take."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tunebook.core import registry
from tunebook.tables.foreign import Imported, Note
from tunebook.tables.foreign.keys import Key

SAMPLES = Path(__file__).parent / "samples"


REAL = registry.techniques


@pytest.fixture(autouse=True)
def own_techniques(monkeypatch):
    """The techniques that there are: what an import says of a row has to hold for them."""
    monkeypatch.setattr(registry, "techniques", REAL)
    monkeypatch.setattr(registry, "stages", dict)


def outcome(keys: Mapping[str, Key], config: Mapping[str, Any]) -> dict[str, Any] | str:
    """Rows that the first key of a configuration means, or why it means none."""
    key = next(iter(config))
    convert = keys[key].convert
    assert convert is not None
    found = convert(config[key], config)
    return dict(found.rows) or found.why.removeprefix("importing.")


def notes(imported: Imported) -> dict[str, Note]:
    """Key -> its note."""
    return {note.key: note for note in imported.notes}


def taken(imported: Imported) -> dict[str, Any]:
    """The rows of the table that came from the file."""
    rows = {name: value for name, value in imported.table().values().items() if name in imported.values}
    return rows | {name: value for name, value in imported.values.items() if "." not in name and name not in rows}
