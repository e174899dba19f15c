"""Every public verb refuses what does not fit it in words, before anything is done."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import tunebook as tb
from tunebook.core.call_check import _resolved
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run

VERBS = sorted(name for name in tb.__all__ if isinstance(inspect.unwrap(getattr(tb, name)), FunctionType))
FREE = {("init", "data"), ("predict", "texts")}  # may be objects of many kinds; looked at by the verbs themselves


def test_the_names_are_listed() -> None:
    assert {name for name in dir(tb) if name[:1] != "_"} == set(tb.__all__) and {"ab", "predict", "train"} <= set(VERBS)
    assert tb.predict is tb.predict
    with pytest.raises(AttributeError, match="nothing"):
        _ = tb.nothing


@pytest.mark.parametrize("name", ["challenge", "explain", "export"])
def test_a_package_of_the_same_name_hides_no_verb(name: str) -> None:
    package = import_module(f"tunebook.{name}")
    assert getattr(tb, name) is package and callable(package) and name in VERBS
    with pytest.raises(tb.TunebookError) as caught:
        getattr(tb, name)(5)
    assert caught.value.code in ("call.type", "call.arguments")


@pytest.mark.parametrize("verb", VERBS)
def test_every_argument_has_a_type_that_is_found(verb: str) -> None:
    function = inspect.unwrap(getattr(tb, verb))
    assert function is not getattr(tb, verb), "it has no border"
    for name, parameter in inspect.signature(function).parameters.items():
        found = _resolved(function, name, parameter.annotation, tb._named)
        assert found is not Any or (verb, name) in FREE, f"{name}: {parameter.annotation}"


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "doctor"])
@pytest.mark.parametrize("value", [object(), None, 5, 2.5, b"x"])
def test_no_first_argument_of_a_wrong_type_is_taken(verb: str, value: Any) -> None:
    call = getattr(tb, verb)
    needed = [
        p for p in inspect.signature(call).parameters.values() if p.default is p.empty and p.kind is not p.VAR_KEYWORD
    ]
    with pytest.raises(tb.TunebookError) as caught:
        call(*[value] * len(needed))
    assert caught.value.code == "call.type" and caught.value.key.startswith(f"{verb}: ")
    assert caught.value.message and caught.value.advice


RUN, BOOK = Run(Path("nowhere")), Book(Path("nowhere"))


@pytest.mark.parametrize(
    ("verb", "args", "more", "code", "words"),
    [
        ("init", ("book", "x.csv"), {"allow": {"pickles"}}, "call.among", "pickle | unknown_tokens"),
        ("init", ("book", "x.csv"), {"allow": "pickle"}, "call.type", "set of str"),
        ("init", ("book", "x.csv"), {"options": {"text": "review"}}, "call.type", "DataOptions(text="),
        ("init", ("book", "x.csv"), {"owner": 5}, "call.type", "str"),
        ("predict", ("runs/1", ["x"]), {}, "call.type", "open_book(FOLDER).run"),
        ("predict", (RUN, ["x"]), {"top_k": True}, "call.type", "int | None"),
        ("predict", (RUN, ["x"]), {"batch": 3}, "call.keyword", "batch_size"),
        ("predict", (RUN, ["x"], "second"), {}, "call.type", "list of"),
        ("predict_file", (RUN, 5), {}, "call.type", "Path"),
        ("evaluate", (RUN, "test.csv"), {}, "call.type", "book.data"),
        ("evaluate", (RUN,), {"split": "dev"}, "call.type", "'validation'"),
        ("train", ("book",), {}, "call.type", "tunebook.plan"),
        ("plan", ("v1", "book"), {}, "call.type", "book.champion"),
        ("soup", (["run"],), {}, "call.type", "Run"),
        ("compare", ("a", "b"), {}, "call.type", "Run"),
        ("merge", (BOOK, "x"), {}, "call.type", "Run"),
        ("ab", (BOOK, "v1", "v2"), {"seeds": 2.5}, "call.type", "int"),
        ("ab", (BOOK, "v1", "v2"), {"seed": 2}, "call.keyword", "Did you mean seeds?"),
        ("search", (BOOK, 1.5), {}, "call.type", "ParamTable | str"),
        ("check", ("book",), {}, "call.type", "open_book"),
        ("promote", (BOOK, None), {}, "call.type", "int | str"),
        ("load_models", (RUN,), {}, "call.type", "list of Run"),
        ("doctor", (), {"offline": 1}, "call.type", "bool"),
    ],
)  # fmt: skip
def test_wrong_calls_are_told(verb: str, args: tuple[Any, ...], more: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(tb.TunebookError) as caught:
        getattr(tb, verb)(*args, **more)
    assert caught.value.code == code
    assert words in str(caught.value)
