"""Lists in parts."""

from __future__ import annotations

import pytest

from tunebook.web.parting import SIZE, Part, part_of


@pytest.mark.parametrize(
    ("asked", "number"), [("1", 1), ("3", 3), ("9", 3), ("0", 1), ("", 1), ("-1", 1), ("9" * 30, 1)]
)
def test_a_part_is_there_whatever_is_asked(asked: str, number: int) -> None:
    found = part_of(range(2 * SIZE + 1), asked)
    assert found.number == number and found.pages == 3 and found.total == 2 * SIZE + 1
    assert len(found.items) == (1 if number == 3 else SIZE)


def test_an_empty_list_has_one_part() -> None:
    assert part_of([], "2") == Part([], 1, 1, 0)
