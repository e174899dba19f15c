"""The row of the table that question answering alone reads."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from tunebook.core.params import Params, Row


class AnswerRows(Params):
    """How answers are found."""

    key: ClassVar[str] = "question_answering"

    max_answer: Annotated[
        int,
        Field(ge=1, le=512),
        Row(
            "tokens of an answer at most",
            zh="答案的最大词元数",
            unit="tokens",
            aliases=("max_answer_length",),
        ),
    ] = 50


__all__ = ["AnswerRows"]
