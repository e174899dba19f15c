"""What click reads for the arguments of a function."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

import click
import pytest

from tunebook.cli.options import argument, option
from tunebook.cli.parser import Value, parameters
from tunebook.core.errors import TunebookError
from tunebook.core.messages import say


def read(function: Any, *words: str) -> dict[str, Any]:
    """The arguments that a function would get, by their names."""
    items = inspect.signature(function, eval_str=True).parameters.values()
    return click.Command("read", params=parameters(items)).make_context("read", list(words)).params


def function(
    book: Annotated[Path, argument("book", "BOOK")],
    texts: Annotated[list[str] | None, argument("texts", "TEXT")] = None,
    row: Annotated[list[str] | None, option("set", "--set", metavar="ROW=VALUE")] = None,
    top_k: Annotated[int | None, option("top_k")] = None,
    margin: Annotated[float, option("mine_margin", "--margin")] = 0.5,
    dry_run: Annotated[bool, option("dry_run", "--dry-run")] = False,
    header: Annotated[bool | None, option("header", "--header/--no-header", panel="form")] = None,
    merge_label_case: Annotated[bool, option("merge_label_case")] = True,
) -> None:
    """Of every kind one."""


def test_what_is_not_said_is_what_the_function_says() -> None:
    assert read(function, "b") == {
        "book": Path("b"), "texts": None, "row": None, "top_k": None, "margin": 0.5, "dry_run": False, "header": None,
        "merge_label_case": True,
    }  # fmt: skip


def test_every_kind_of_value() -> None:
    words = ("b", "--set", "a=1", "--set", "b=2", "--top-k", "3", "--margin", "-1e-3", "--dry-run", "--no-header")
    found = read(function, *words, "--no-merge-label-case", "--", "one", "--two")
    assert found == {
        "book": Path("b"), "texts": ["one", "--two"], "row": ["a=1", "b=2"], "top_k": 3, "margin": -0.001,
        "dry_run": True, "header": False, "merge_label_case": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("--top-k", "3.5"), "--top-k"),
        (("--top-k", "5_0"), "--top-k"),
        (("--margin", "much"), "--margin"),
        (("--margin", "5_0"), "--margin"),
        (("--margin", "nan"), "--margin"),
    ],
)
def test_a_value_of_another_kind_is_refused(words: tuple[str, str], key: str) -> None:
    with pytest.raises(TunebookError, match=r"cli\.option") as caught:
        read(function, "b", *words)
    assert (caught.value.key, caught.value.value) == (key, words[1])
    assert caught.value.allowed == say("allowed.int" if key == "--top-k" else "allowed.float")
    with pytest.raises(TunebookError, match=r"cli\.option"):
        Value(int).convert("x", None, None)


def test_what_must_be_said() -> None:
    with pytest.raises(click.MissingParameter) as caught:
        read(function)
    assert caught.value.param is not None and caught.value.param.metavar == "BOOK"


def test_words_are_in_the_language_of_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    words, grouped = argument("book", "BOOK"), option("header", panel="form")
    for language, text, title in (
        ("en", "folder of the book", "Form of the files"),
        ("zh", "book 所在文件夹", "文件格式"),
    ):
        monkeypatch.setenv("TUNEBOOK_LANG", language)
        assert (words.text, grouped.title) == (text, title)
