"""What a cause of errors is: its share of them, what shows it, and what to try next."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from tunebook.core.localized import Text
from tunebook.core.nouns import Interval, Record

Side = Literal["data", "training", "model"]


class Try(Record):
    """Something that is worth trying, as `ab` can test it.

    Attributes:
        kind: a changed row of the table, a step on the data, or another command.
        rows: of the table, those that change.
        command: what to type.
    """

    kind: Literal["table", "data", "command"]
    why: Text = ""
    rows: dict[str, Any] = Field(default_factory=dict)
    command: str = ""


class Cause(Record):
    """One cause, by the share of the errors that it explains.

    Attributes:
        key: its name; side: where it lies.
        share: of the errors; p_value: corrected for how much was looked at.
        evidence: sentences with figures; ids: rows that show it.
    """

    key: str
    side: Side
    share: Interval
    p_value: float = 1.0
    evidence: list[Text] = Field(default_factory=list)
    ids: list[str] = Field(default_factory=list)
    next: list[Try] = Field(default_factory=list)


__all__ = ["Cause", "Side", "Try"]
