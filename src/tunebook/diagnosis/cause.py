"""What a cause of errors is: its share of them, what shows it, and what to try next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from tunebook.core.localized import Text
from tunebook.core.messages import say
from tunebook.core.nouns import Interval, Record

SURE, WEIGHTY = 0.01, 0.2  # the p-value and the share from which on a cause is serious
MERGE, ANEW = "tunebook retrain BOOK --new FILE", "tunebook init NEW --data FILE"  # steps on the data
Side = Literal["data", "training", "model"]


class Try(Record):
    """Something that is worth trying, as `ab` can test it.

    Attributes:
        kind: a changed row of the table, a step on the data, or another command.
        rows: of the table, those that change.
        command: what to type, with `BOOK` for the book, `NEW` for one that is made anew, `SUSPECTS` for the file of
            suspected labels, see `filled`, and `FILE` and `COLUMN` for what the user has.
    """

    kind: Literal["table", "data", "command"]
    why: Text = ""
    rows: dict[str, Any] = Field(default_factory=dict)
    command: str = ""


class Cause(Record):
    """One cause, by the share of the errors that it explains.

    Two causes may explain the same errors, so that shares need not add up to one.

    Attributes:
        key: its name; side: where it lies.
        share: of the errors, those that are hidden included (see `hides`).
        hides: it makes no errors but hides some: the score is better than the model is.
        p_value: corrected for how many causes, and how much inside of this one, were looked at.
        what: it in a sentence; evidence: sentences with figures; ids: rows that show it, of the split `where`.
    """

    key: str
    side: Side
    share: Interval
    hides: bool = False
    p_value: float = 1.0
    what: Text = ""
    evidence: list[Text] = Field(default_factory=list)
    ids: list[str] = Field(default_factory=list)
    where: Literal["train", "validation", "test", ""] = ""
    next: list[Try] = Field(default_factory=list)

    @property
    def name(self) -> str:
        """What it is called."""
        return say(f"causes.{self.key}.name")

    @property
    def serious(self) -> bool:
        """Whether it is more than chance and explains a fifth of the errors or more."""
        return self.p_value <= SURE and self.share.value >= WEIGHTY and self.share.low > 0


def candidate(why: Text, **rows: Any) -> Try:
    """Rows of a table to change; the command makes the version that `tunebook ab` holds against the one in force."""
    told = {True: "on", False: "off", None: "none"}
    values = {name: told[value] if value is None or isinstance(value, bool) else value for name, value in rows.items()}
    shown = " ".join(
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in values.items()
    )
    return Try(kind="table", why=why, rows=rows, command=f"tunebook table set BOOK {shown}")


def filled(causes: Sequence[Cause], places: Mapping[str, object]) -> list[Cause]:
    """The same with commands that can be typed as they stand.

    Args:
        places: of `BOOK`, `NEW` and `SUSPECTS`, where they are; a word that is not among them stays.
    """

    def here(step: Try) -> Try:
        words = [str(places.get(word, word)) for word in shlex.split(step.command)]
        return step.model_copy(update={"command": shlex.join(words)})

    return [cause.model_copy(update={"next": [here(step) for step in cause.next]}) for cause in causes]


__all__ = ["ANEW", "MERGE", "SURE", "WEIGHTY", "Cause", "Side", "Try", "candidate", "filled"]
