"""The gate of a book, as book.toml may say it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tunebook.core.errors import PlanError
from tunebook.core.locations import BOOK_FILE
from tunebook.core.verdict import Gate, asked_gate, asked_seeds
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.book_file import BookFile, write_book_file


def test_a_book_without_a_gate_has_the_usual_one(tmp_path: Path) -> None:
    (tmp_path / BOOK_FILE).write_text('task = "t"\n', encoding="utf-8")
    gate = Book(tmp_path).file.gate
    assert (gate.delta, gate.delta_kind, gate.alpha, gate.seeds, gate.looks) == (0.02, "absolute", 0.05, 5, [3, 5, 10])


def test_what_is_written_is_read(tmp_path: Path) -> None:
    gate = Gate(
        metric="macro_f1",
        delta=0.01,
        delta_kind="relative",
        alpha=0.1,
        seeds=7,
        looks=[],
        guard={"time": 0.2, "size": "off"},
    )
    file = BookFile(task="t", sources={"train": ["a.csv"]}, gate=gate)
    write_book_file(file, tmp_path)
    assert Book(tmp_path).file == file


def test_the_old_name_of_a_guard_is_read() -> None:
    assert Gate(guard={"worst_class": 0.1, "time": "off"}).guard == {"class": 0.1, "time": "off"}


def test_where_a_test_that_binds_may_be_looked_at() -> None:
    assert Gate(seeds=4).places == [3, 4, 5, 10] and Gate(seeds=3, looks=[]).places == [3]


LOOSER: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, {}, []),
    ({"alpha": 0.01, "delta": 0.05, "seeds": 9, "openings": 1}, {}, []),
    ({"alpha": 0.1, "delta": 0.0, "seeds": 3, "openings": 99}, {}, ["delta", "seeds", "alpha", "openings"]),
    ({"metric": "auc", "delta_kind": "relative"}, {}, ["metric", "delta_kind"]),
    ({"guard": {"class": "off"}}, {}, ["guard.class"]),
    ({"guard": {"class": 0.01}}, {}, []),
    ({"guard": {"time": 0.2}}, {"guard": {"time": 0.1, "size": "off"}}, ["guard.time"]),
    ({}, {"guard": {"time": 0.1, "size": "off"}}, ["guard.time"]),
    ({"guard": {"size": "off"}}, {"guard": {"size": "off"}}, []),
]


@pytest.mark.parametrize(("own", "than", "rows"), LOOSER)
def test_what_a_looser_gate_gives_up(own: dict[str, Any], than: dict[str, Any], rows: list[str]) -> None:
    assert Gate(**own).looser(Gate(**than)) == rows


@pytest.mark.parametrize(
    "wrong", [{"delta": -1}, {"alpha": 0}, {"alpha": 0.6}, {"seeds": 1}, {"guard": {"time": "x"}}, {"other": 1}]
)
def test_what_it_refuses(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        Gate(**wrong)


def test_what_is_asked_for_once_goes_before_the_gate() -> None:
    gate = Gate(delta=0.05, guard={"time": 0.2})
    found = asked_gate(gate, {"alpha": 0.1, "guard": {"worst_class": 0.1}, "seeds": 9})
    assert (found.delta, found.alpha, found.seeds) == (0.05, 0.1, 5) and found.guard == {"time": 0.2, "class": 0.1}
    assert asked_seeds(gate, None) == [1, 2, 3, 4, 5] and asked_seeds(gate, 3) == [1, 2, 3]
    assert asked_seeds(gate, [7, 3, 9]) == [7, 3, 9]


@pytest.mark.parametrize(
    ("asked", "code", "key", "allowed"),
    [({"delta": 2.0}, "ab.gate", "delta", "float >= 0 and < 1"),
     ({"alpha": 0.5}, "ab.gate", "alpha", "float > 0 and < 0.5"),
     ({"guard": {"time": "x"}}, "ab.gate", "guard.time", "0.05 | off"),
     ({"guard": {"clas": 0.1}}, "ab.guard", "guard", "class | calibration | ")],
)  # fmt: skip
def test_what_cannot_be_asked_for(asked: dict, code: str, key: str, allowed: str) -> None:
    with pytest.raises(PlanError) as caught:
        asked_gate(Gate(), asked)
    assert (caught.value.code, caught.value.key) == (code, key) and str(caught.value.allowed).startswith(allowed)


@pytest.mark.parametrize("seeds", [1, 2, [1, 2], [1, 1, 2], [1, 2, -3], [1, 2, 2**32]])
def test_seeds_that_are_none(seeds: int | list[int]) -> None:
    with pytest.raises(PlanError) as caught:
        asked_seeds(Gate(), seeds)
    assert caught.value.code == "ab.seeds" and caught.value.allowed == ">= 3"
