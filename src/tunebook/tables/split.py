"""A table taken apart: training settings here, the parameters of each technique there."""

from __future__ import annotations

from typing import cast

from tunebook.core.nouns import ParamTable
from tunebook.core.params import Value, build
from tunebook.core.settings import Settings


def settings_of(table: ParamTable) -> Settings:
    """The training settings; a row that the table lacks (an old version) has its default.

    Raises:
        TableError: `row.value`, `row.together` or `row.unknown` where the table was made by hand.
    """
    return cast(Settings, build(Settings, {name: value for name, value in table.values().items() if "." not in name}))


def techniques_of(table: ParamTable) -> dict[str, dict[str, Value]]:
    """Key -> field -> value of each technique that is on. Imports no technique and checks nothing."""
    found: dict[str, dict[str, Value]] = {}
    for name, value in table.values().items():
        key, dot, field = name.partition(".")
        if dot:
            found.setdefault(key, {})[field] = value
    return found


__all__ = ["settings_of", "techniques_of"]
