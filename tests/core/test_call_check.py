"""Calls of Python held against signatures: what fits, what says the same, what is refused and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict, Unpack

import numpy as np
import pytest

from tunebook.core.call_check import Allow, Among, _MisfitError, checked, described, fit
from tunebook.core.errors import TunebookError
from tunebook.core.progress import Progress, Silent


@dataclass(frozen=True)
class Inner:
    names: Sequence[str] = ()
    folder: Path = Path()


class More(TypedDict, total=False):
    top: int | None
    allow: Allow


class Hidden:
    """A class that the verb's module does not import."""


def verb(
    texts: Sequence[str],
    inner: Inner | None = None,
    *,
    hidden: Elsewhere | None = None,  # noqa: F821 - found among the public names
    unknown: Nowhere = 5,  # noqa: F821 - not found at all
    progress: Progress | None = None,
    **more: Unpack[More],
) -> dict[str, Any]:
    """Give back what came."""
    return {"texts": texts, "inner": inner, "hidden": hidden, "unknown": unknown, "progress": progress, **more}


CALL = checked(verb, {"Elsewhere": Hidden}.get)


def test_what_fits_passes() -> None:
    hidden, silent = Hidden(), Silent()
    found = CALL(["a"], Inner(["b"]), hidden=hidden, unknown="x", progress=silent, top=3, allow=["pickle"])
    assert found == {
        "texts": ["a"], "inner": Inner(["b"]), "hidden": hidden, "unknown": "x", "progress": silent, "top": 3,
        "allow": frozenset({"pickle"}),
    }  # fmt: skip
    assert CALL(texts=(word for word in "ab"), inner=None)["texts"] == ["a", "b"]
    assert CALL.__name__ == "verb" and CALL.__doc__ == verb.__doc__


@pytest.mark.parametrize(
    ("args", "more", "code", "words"),
    [
        (("one text",), {}, "call.type", ["verb: texts", "list of str", "[\"some text\"]"]),
        ((None,), {}, "call.type", ["NoneType"]),
        (([1],), {}, "call.type", ["int", "allowed: str"]),
        ((["a"], "inner"), {}, "call.type", ["Inner | None"]),
        ((["a"],), {"hidden": 5}, "call.type", ["Hidden | None"]),
        ((["a"],), {"progress": print}, "call.type", ["Progress | None"]),
        ((["a"], Inner("ab")), {}, "call.type", ["verb: inner", "list of str"]),  # type: ignore[arg-type]
        ((["a"],), {"top": True}, "call.type", ["int | None"]),
        ((["a"],), {"allow": "pickle"}, "call.type", ["set of str"]),
        ((["a"],), {"allow": {"pickles"}}, "call.among", ["'pickles'", "pickle | unknown_tokens"]),
        ((["a"],), {"tops": 1}, "call.keyword", ["'tops'", "Did you mean top?", "top, allow"]),
        ((), {}, "call.arguments", ["missing a required argument: 'texts'", "verb(texts, inner"]),
        ((["a"], None, 5), {}, "call.arguments", ["too many positional arguments"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(args: Any, more: Any, code: str, words: list[str]) -> None:
    with pytest.raises(TunebookError) as caught:
        CALL(*args, **more)
    assert caught.value.code == code
    for word in words:
        assert word in str(caught.value)


def test_how_to_get_the_right_thing_is_told() -> None:
    class Run:
        """A public class."""

    def one(run: Run) -> None:
        """Nothing."""

    one.__annotations__["run"] = Run
    with pytest.raises(TunebookError, match=r"open_book\(FOLDER\)\.run"):
        checked(one, {}.get)("book/runs/x")


@pytest.mark.parametrize(
    ("value", "hint", "found"),
    [
        ("a", Path, Path("a")), (Path("a"), Path | str, Path("a")), ("a", Path | str, Path("a")),
        ("a", str | Path, "a"),
        (np.int64(3), int, 3), (3, float, 3.0), (np.float32(0.5), float, 0.5), (np.bool_(True), bool, True),
        (None, int | None, None), ("x", Literal["x", "y"], "x"), ({"a": 1}, Mapping[str, float], {"a": 1.0}),
        ({1: 2}, dict[int, int], {1: 2}), ([1, 2.0], tuple[float, float], (1.0, 2.0)),
        ([1, 2], tuple[int, ...], (1, 2)), (print, Callable[..., Any], print),
        (np.array(["a"]), Sequence[str], ["a"]), (["a"], frozenset[str], frozenset({"a"})),
        (5, Any, 5), (["a"], Annotated[Sequence[str], "no mark of ours", Among(("a",))], ["a"]),
    ],
)  # fmt: skip
def test_values_that_say_the_same(value: Any, hint: Any, found: Any) -> None:
    fitted = fit(value, hint)
    assert fitted == found and type(fitted) is type(found)


def test_records_are_mended_inside() -> None:
    assert fit(Inner(names=iter("ab"), folder="x"), Inner) == Inner(["a", "b"], Path("x"))  # type: ignore[arg-type]
    same = Inner(["a"])
    assert fit(same, Inner) is same


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (True, int), (1, bool), (1.0, int), ("1", int), (True, float), (1, str), (5, Path), ("z", Literal["x"]),
        (1, Literal[True]), ([], Mapping[str, int]), ({"a": "b"}, Mapping[str, int]), ("ab", Sequence[str]),
        (b"ab", Sequence[int]), ({"a": 1}, Sequence[str]), (np.zeros((2, 2)), Sequence[float]), (5, Sequence[int]),
        ([1], tuple[int, int]), ([["a"], "b"], Sequence[Sequence[str]]), (5, None), ("a", Inner),
    ],
)  # fmt: skip
def test_values_that_do_not_fit(value: Any, hint: Any) -> None:
    with pytest.raises(_MisfitError):
        fit(value, hint)


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (Sequence[str], "list of str"), (int | None, "int | None"), (Literal["a", 2], "'a' | 2"), (Any, "anything"),
        (Mapping[str, Sequence[int]], "dict of str to list of int"), (frozenset[str], "set of str"), (None, "None"),
        (tuple[float, float], "tuple of float"), (Allow, "set of str"), (Path | str, "Path | str"),
    ],
)  # fmt: skip
def test_types_in_words(hint: Any, words: str) -> None:
    assert described(hint) == words
