"""What a task can be asked where its answers are explained: what an answer says, each part as a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from tunebook.core.answers import Rows
from tunebook.core.batch import Batch
from tunebook.core.nouns import Labels

TEXT, PAIR, PASSAGE = "text", "pair", "passage:"


@dataclass(frozen=True)
class Aim:
    """One thing that a model may say of a row, and how strongly it does.

    Attributes:
        name: what is said, in the user's words.
        score: how strongly, from the outputs of a pass over copies of one line of the row's batch, shape (copies,);
            torch can derive it. Log-odds of what is said where `odds`, else a number of its own (a value, a cosine).
        parts: the texts that the line holds, in their order: TEXT, PAIR, or PASSAGE with the passage's number.
        line: number of that line.
        said: whether the answer says this, so that it is explained where nobody asks for anything else.
        odds: whether the sigmoid of the score is a chance.
        run: how the model is asked for these outputs, from it and its inputs; None calls it with these.
        beside: texts that the line does not hold, and what is said is about as well.
    """

    name: str
    score: Callable[[Any], Any]
    parts: tuple[str, ...] = (TEXT,)
    line: int = 0
    said: bool = True
    odds: bool = True
    run: Callable[[Any, Batch], Any] | None = None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Using:
    """What reads rows and answers them.

    Attributes:
        temperature: that log-odds are read at, of a calibrated model whose answers are chances.
    """

    model: Any
    tokenizer: Any
    temperature: float = 1.0


@runtime_checkable
class Explains(Protocol):
    """A task whose answers can be explained."""

    def aims(self, outputs: Any, batch: Batch, rows: Rows, labels: Labels, using: Using) -> Sequence[Aim]:
        """What can be explained of the answer to one row, the likeliest first.

        Args:
            outputs: of the model for the batch, which holds this row alone; of tasks that write, with the answer that
                was written as its target.
            rows: that row, as `seen` gives it.
        """


def text_of(rows: Rows, part: str) -> str:
    """The text of a part of an only row; empty where it has none."""
    if part.startswith(PASSAGE):
        return (rows.passages or ())[int(part.removeprefix(PASSAGE))]
    return rows.texts[0] if part == TEXT else (rows.pairs or ("",))[0]


__all__ = ["PAIR", "PASSAGE", "TEXT", "Aim", "Explains", "Using", "text_of"]
