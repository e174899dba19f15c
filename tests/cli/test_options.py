"""Records of options: each field an option, each option of the data layer within reach."""

from __future__ import annotations

import inspect
from dataclasses import fields

import pytest

from tunebook.cli.init import Columns, RowRules
from tunebook.cli.options import (
    Allowed,
    Chosen,
    Form,
    data_options,
    flag,
    listed,
    pair,
    repeated_options,
    share,
    spread,
)
from tunebook.cli.train import How
from tunebook.core.errors import TunebookError
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
    assert repeated_options(Chosen(), Allowed(), Form(), How(), RowRules()) == []
    words = repeated_options(
        Chosen("v2", ["a=1", "b=2"]), How(dry_run=True, auto=True), Allowed(pickle=True), but="dry_run"
    )
    assert words == ["--table", "v2", "--set", "a=1", "--set", "b=2", "--auto", "--allow-pickle"]
    assert repeated_options(Form(header=False, max_cell=9)) == ["--no-header", "--max-cell", "9"]
    assert repeated_options(Columns(label_separator="|", merge_label_case=False)) == [
        "--label-separator", "|", "--no-merge-label-case",
    ]  # fmt: skip


def test_all_kinds_of_values() -> None:
    columns = Columns(text="t", annotators="a1, a2", label_order="low，mid、high", label_names=["0=bad", "1 = good"])
    rules = RowRules(split="80/20", clean=["url"], keep_clean=["html"], max_dropped="7%")
    options = data_options(columns, rules, Form(delimiter="tab", header=False))
    assert (options.text, options.annotators, options.label_order) == ("t", ["a1", "a2"], ["low", "mid", "high"])
    assert options.label_names == {"0": "bad", "1": "good"}
    assert (options.split, options.clean, options.max_dropped) == ("80/20", {"url": True, "html": False}, 0.07)
    assert (options.delimiter, options.header) == ("\t", False)


@pytest.mark.parametrize(
    ("group", "name", "allowed"),
    [
        (Columns(problem="guess"), "--problem", "multi_label"),
        (RowRules(split_by="moon"), "--split-by", "group"),
        (RowRules(max_dropped="many"), "--max-dropped", "5%"),
        (RowRules(max_dropped="150%"), "--max-dropped", "float >= 0 and <= 1"),
        (RowRules(duplicates="eat"), "--duplicates", "refuse"),
        (
            Columns(label_names=["nonsense"]),
            "--label-name",
            "OLD=NEW, two names of a label; the column of labels is told with --label COLUMN",
        ),
        (Form(delimiter="two"), "--delimiter", "character between cells"),
        (Form(format="docx"), "--format", "parquet"),
    ],
)
def test_a_wrong_value_names_its_flag_and_what_is_allowed(group: object, name: str, allowed: str) -> None:
    with pytest.raises(TunebookError) as caught:
        data_options(group)
    assert (caught.value.code, caught.value.key) == ("cli.option", name)
    assert allowed in caught.value.allowed


def test_pair_takes_the_first_equals_sign() -> None:
    assert pair("--set", "note = a=b") == ("note", "a=b")
    assert pair("--set", "lr＝1e-4") == ("lr", "1e-4")
    for wrong in ("lr", "=3", " = 3"):
        with pytest.raises(TunebookError, match=r"cli\.option"):
            pair("--set", wrong)


def test_share_and_listed_and_flag() -> None:
    assert share("--max-dropped", "5%") == share("--max-dropped", "0.05") == 0.05
    assert listed(" a,,b ， c") == ["a", "b", "c"]
    assert (flag("row_id"), flag("split_by")) == ("--id", "--split-by")
