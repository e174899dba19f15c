"""What a wrong or a right answer is worth to the owner of a book: the sections `[business.NAME]` of book.toml."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from tunebook.core.locations import BOOK_FILE
from tunebook.core.nouns import Record

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_WAYS = ("costs", "column", "function")


class Business(Record):
    """One metric of the owner's: each row has a number, the metric is their mean.

    Attributes:
        costs: file in the book's folder, CSV: what it costs to say a class (column) where another (line) is true. Of
            several labels a row: a line a class, with the columns `missed` and `wrong`.
        column: column of the rows with a number, which counts where the answer is right (`counts = "right"`) or wrong.
        function: `FILE.py:NAME` in the book's folder, which is given what is true and what was said, and returns a
            number a row.
        counts: see `column`.
        better: which of two values is; where nothing is said `less` of costs and of a column that counts wrong answers,
            `more` of all others.
        unit: of the numbers, as a page shows it, such as `EUR`.
    """

    costs: str = ""
    column: str = ""
    function: str = ""
    counts: Literal["right", "wrong"] = "right"
    better: Literal["", "more", "less"] = ""
    unit: str = Field(default="", max_length=20)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        """One of the three, and a function by file and name."""
        given = [way for way in _WAYS if getattr(self, way)]
        if len(given) != 1:
            raise ValueError(f"one of {', '.join(_WAYS)} is needed, {' and '.join(given) or 'none'} given")
        if self.function and not re.fullmatch(r"[^:]+\.py:[A-Za-z_]\w*", self.function):
            raise ValueError(f"function = {self.function!r} is no FILE.py:NAME")
        return self

    @property
    def less(self) -> bool:
        """Whether less of it is better."""
        wrong = bool(self.costs) or (bool(self.column) and self.counts == "wrong")
        return self.better == "less" or (not self.better and wrong)

    @property
    def sign(self) -> int:
        """1 where more of it is better, -1 where less is."""
        return -1 if self.less else 1


def check_names(sections: dict[str, Business]) -> dict[str, Business]:
    """Sections by names that a command line and a page can carry.

    Raises:
        ValueError: a name is no such word.
    """
    for name in sections:
        if not _NAME.fullmatch(name):
            raise ValueError(f"[business.{name}]: a name is made of small letters, digits and _")
    return sections


def said_names(book: Path) -> list[str]:
    """Names of the sections `[business.NAME]` of a book that nobody has opened yet; of one that cannot be read none,
    for its opening says what is wrong."""
    with suppress(OSError, ValueError, TypeError):
        return list(tomllib.loads((book / BOOK_FILE).read_text(encoding="utf-8")).get("business", {}))
    return []


__all__ = ["Business", "check_names", "said_names"]
