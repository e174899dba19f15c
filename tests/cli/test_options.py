"""Records of options: each field an option, each option of the data layer within reach."""

from __future__ import annotations

import inspect
from dataclasses import fields

from tunebook.cli.init import Columns, RowRules
from tunebook.cli.options import Allowed, Chosen, Form, said, spread
from tunebook.cli.train import How
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


def test_what_was_asked_for_is_said_again() -> None:
    assert said(Chosen(), Allowed(), Form(), How(), RowRules()) == []
    words = said(Chosen("v2", ["a=1", "b=2"]), How(dry_run=True, auto=True), Allowed(pickle=True), but="dry_run")
    assert words == ["--table", "v2", "--set", "a=1", "--set", "b=2", "--auto", "--allow-pickle"]
    assert said(Form(header=False, max_cell=9)) == ["--no-header", "--max-cell", "9"]
    assert said(Columns(label_separator="|", merge_label_case=False)) == [
        "--label-separator", "|", "--no-merge-label-case",
    ]  # fmt: skip
