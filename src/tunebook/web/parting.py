"""Long lists, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SIZE = 50


@dataclass(frozen=True)
class Part:
    """A page of a list.

    Attributes:
        items: of this page; number: of the page, from 1; pages: how many there are; total: items of the whole list.
    """

    items: Sequence[Any]
    number: int
    pages: int
    total: int


def part_of(items: Sequence[Any], asked: str, size: int = SIZE) -> Part:
    """The page of a list that an address asks for; the nearest there is, whatever it says."""
    pages = max(-(-len(items) // size), 1)
    number = min(max(int(asked), 1), pages) if asked.isdecimal() and len(asked) < 10 else 1
    return Part(items[(number - 1) * size : number * size], number, pages, len(items))


__all__ = ["SIZE", "Part", "part_of"]
