"""Worked out once, kept as JSON; made anew where the file is broken, and no cache is no fault."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tunebook.verbs.kept import kept


class Maker:
    """Counts how often it is asked."""

    calls = 0

    def __call__(self) -> Any:
        self.calls += 1
        return {"a": (1, 2), "nan": float("nan"), "call": self.calls}


@pytest.fixture
def data(tmp_path: Path) -> Any:
    return SimpleNamespace(path=tmp_path / "book" / "data")


def test_it_is_made_once_and_the_same_ever_after(data: Any, tmp_path: Path) -> None:
    make = Maker()
    first, second = kept(data, "x-1", make), kept(data, "x-1", make)
    assert make.calls == 1
    assert first["a"] == second["a"] == [1, 2], "as JSON has it, even the first time"
    assert kept(data, "x-2", make)["call"] == 2
    assert sorted(path.name for path in (tmp_path / "book" / "cache").iterdir()) == ["x-1.json", "x-2.json"]


def test_a_broken_entry_is_made_anew(data: Any) -> None:
    make = Maker()
    kept(data, "x", make)
    path = data.path.parent / "cache" / "x.json"
    for number, text in enumerate(('{"a": [1', '{"a": [1], "call": 1}', "null", path.read_text().replace("2", "3")), 2):
        path.write_text(text)
        assert kept(data, "x", make)["call"] == number, "cut, of an older version, no object, changed"
        assert kept(data, "x", make)["call"] == number


def test_where_nothing_can_be_written(data: Any, tmp_path: Path) -> None:
    (tmp_path / "book").write_text("no folder")
    make = Maker()
    assert [kept(data, "x", make)["call"] for _ in range(2)] == [1, 2]


def test_what_fails_is_not_kept(data: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        kept(data, "x", lambda: 1 / 0)
    assert kept(data, "x", lambda: 5) == 5
