"""From the words of the command line to data options."""

from __future__ import annotations

import pytest

from tunebook.cli.init import Columns, RowRules
from tunebook.cli.options import Form
from tunebook.cli.reading import data_options, flag, listed, pair, share
from tunebook.core.errors import TunebookError


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
        (Columns(label_names=["nonsense"]), "--label-name", "NAME=VALUE"),
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
