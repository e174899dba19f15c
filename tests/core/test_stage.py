"""What a stage takes from the book's table."""

from __future__ import annotations

from pathlib import Path

from tunebook.core.registry import stages, techniques
from tunebook.core.stage import MakesParts, common_rows
from tunebook.tables.make import new_table


def test_rows_that_the_table_has_are_taken() -> None:
    table = new_table({"base_model": "somewhere"})
    assert common_rows(table, ("base_model", "no_such_row"), Path("book")) == {"base_model": "somewhere"}


def test_every_stage_is_found_and_says_what_it_is() -> None:
    assert {"pretrain", "intermediate"} <= set(stages())
    assert not set(stages()) & set(techniques())
    for kind in stages().values():
        assert isinstance(kind(), MakesParts)
        assert kind.zh and kind.__doc__ and "Source:" in kind.__doc__ and "Cost:" in kind.__doc__
    assert len({kind.place for kind in stages().values()}) == len(stages())
