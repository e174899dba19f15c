"""Techniques in one row of a stage become rows of its table; what is no technique's is refused."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import pytest

from tunebook.core import registry
from tunebook.core.errors import TableError
from tunebook.core.params import Row
from tunebook.core.technique import Technique
from tunebook.tables.make import nested, new_table, read_entries

ROW = "warm.techniques"


class Warm(Technique):
    key: ClassVar[str] = "warm"
    learning_rate: Annotated[float, Row("x", zh="x")] = 0.1


@pytest.fixture(autouse=True)
def own_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "stages", lambda: {"warm": Warm})


def refused(*entries: str) -> TableError:
    with pytest.raises(TableError) as caught:
        nested(new_table({}), entries, ROW)
    assert caught.value.message and caught.value.advice
    return caught.value


def test_entries_are_rows_as_people_write_them() -> None:
    table = nested(new_table({"batch_size": 4}), ["fade", "shake_epsilon = 50%", "SHAKE.depth=3"], ROW)
    values = table.values()
    assert (values["fade.first"], values["fade.last"]) == (0, 10)
    assert (values["shake.size"], values["shake.depth"], values["shake.hidden"]) == (0.5, 3, False)
    assert values["batch_size"] == 4, "the rest of the table stays"


def test_nothing_leaves_the_table_as_it_is() -> None:
    table = new_table({"shake": "on"})
    assert nested(table, [], ROW) is table


def test_a_technique_of_the_table_is_changed_or_taken_out() -> None:
    table = new_table({"shake.size": 2.0, "shake.depth": 4})
    changed = nested(table, ["shake.size=3"], ROW).values()
    assert (changed["shake.size"], changed["shake.depth"]) == (3.0, 4)
    assert not [name for name in nested(table, ["shake=off"], ROW).rows if name.startswith("shake")]


def test_a_value_may_hold_an_equals_sign() -> None:
    assert read_entries(["shake.note=a=b"], ROW) == {"shake.note": "a=b"}


@pytest.mark.parametrize(
    ("entry", "code", "said"),
    [
        ("shak", "row.unknown", "shake?"),
        ("shake.siz=1", "row.unknown", "shake.size?"),
        ("qqqqqqq", "row.unknown", "fade, shake"),
        ("shake.size=99", "row.value", "10"),
        ("shake=maybe", "row.value", "on | off"),
        ("fade.first=20", "row.together", "fade"),
        ("warm=on", "stages.inner", ROW),
        ("warm.learning_rate=1", "stages.inner", ROW),
    ],
)
def test_what_a_table_refuses_an_entry_is_refused_for(entry: str, code: str, said: str) -> None:
    error = refused(entry)
    assert error.code == code and said in str(error)


@pytest.mark.parametrize(("entry", "instead"), [("lr=1", "warm.learning_rate"), ("dropout=0.1", "")])
def test_a_setting_is_no_technique(entry: str, instead: str) -> None:
    error = refused(entry)
    assert (error.code, error.key, error.allowed) == ("stages.setting", ROW, instead)


@pytest.mark.parametrize("entries", [("shake.size=1", "shake.size=2"), ("shake.size=1", "shake_epsilon=2")])
def test_an_entry_given_twice(entries: tuple[str, str]) -> None:
    error = refused(*entries)
    assert error.code == "row.twice" and entries[0] in error.message and entries[1] in error.message


def test_a_technique_and_its_row_go_together() -> None:
    given: dict[str, Any] = {"shake": "on", "shake.size": "2"}
    assert read_entries(["shake", "shake.size=2"], ROW) == given
