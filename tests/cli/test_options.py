"""Records of options: each field an option, each option of the data layer within reach."""

from __future__ import annotations

import inspect
from dataclasses import fields

from tunebook.cli.init import Columns, RowRules
from tunebook.cli.options import Allowed, Chosen, Form, spread
from tunebook.data.options import DataOptions


def test_every_data_option_has_a_flag() -> None:
    flags = {item.name for group in (Columns, RowRules, Form) for item in fields(group)}
    assert set(DataOptions.model_fields) == flags - {"keep_clean"}


def test_defaults_are_those_of_the_data_layer() -> None:
    given = {item.name: item.default for group in (Columns, RowRules, Form) for item in fields(group)}
    given["max_dropped"] = float(str(given["max_dropped"]).strip("%")) / 100
    given["clean"] = {}
    del given["keep_clean"]
    assert DataOptions().model_dump() == given


def test_spread_gives_the_parser_single_options_and_the_command_records() -> None:
    def command(book: str, chosen: Chosen, allowed: Allowed, last: int = 3) -> object:
        return book, chosen, allowed, last

    seen = spread(command)
    names = list(inspect.signature(seen).parameters)
    assert names == ["book", "table", "changes", "unknown_tokens", "pickle", "last"]
    given = {"book": "b", "table": "v2", "changes": ["a=1"], "unknown_tokens": True, "pickle": False, "last": 4}
    assert seen(**given) == ("b", Chosen("v2", ["a=1"]), Allowed(unknown_tokens=True), 4)


def test_allowed_names() -> None:
    assert Allowed().names == frozenset()
    assert Allowed(unknown_tokens=True, pickle=True).names == {"unknown_tokens", "pickle"}
