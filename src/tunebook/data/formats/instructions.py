"""Instructions with answers: Alpaca, query and response, prompt and completion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.exports import Export, Format, to_export
from tunebook.data.formats.preferences import preference_export
from tunebook.data.kind import wants_preferences, wants_texts
from tunebook.data.names import LABEL, plain
from tunebook.data.preview import Objects, Preview

# Columns of the question, and of the answer to it.
_SHAPES = (
    (("instruction", "input"), "output"),
    (("instruction",), "output"),
    (("instruction", "input"), "response"),
    (("instruction",), "response"),
    (("query",), "response"),
    (("prompt",), "completion"),
    (("prompt",), "response"),
)
_SHORT = 60  # characters of the longest name of a class


class Instructions(Format):
    """Texts to be written; read where these are wanted, or where the user says that the answers are classes."""

    title: ClassVar[str] = "Alpaca"
    general: ClassVar[bool] = True

    def fits(self, preview: Preview) -> bool:
        """Question and answer in every row, and no label."""
        return _shape(preview) is not None

    def read(self, preview: Preview) -> Export:
        """Question and answer as text and label, where the answer is called the label or is to be written. Raises as
        `preference_export`, where preferences are asked for: there are none, or another format had read it."""
        if preview.labelled and wants_preferences(preview.options):
            return preference_export(preview.rows(), preview.options)
        shape = _shape(preview)
        assert shape is not None
        (first, *more), answer = shape
        rows = preview.rows()
        written = wants_texts(preview.options)
        if preview.options.label != answer and preview.labelled and not written:
            if few_answers([row.get(answer) for _, row in rows]):
                raise DataError("format.answers", key=str(preview.path), tool=self.title, column=answer)
            raise self.refusal("writing", preview)
        text = first
        if more:
            text, rows = _joined(rows, first, more[0])
        if written:
            return to_export(rows, {"text": text, "label": answer})
        return to_export(
            ((number, _trimmed(row, text, answer)) for number, row in _unmarked(rows, text)), {"text": text}
        )


def _shape(preview: Preview) -> tuple[tuple[str, ...], str] | None:
    for question, answer in _SHAPES:
        columns = {*question, answer}
        if preview.objects and all(columns <= set(row) for row in preview.objects):
            labelled = any(plain(name) in LABEL for name in preview.objects[0])
            return None if labelled or preview.options.label not in (None, answer) else (question, answer)
    return None


def _joined(rows: Objects, first: str, second: str) -> tuple[str, Objects]:
    """The column of the question: the input where all rows have one instruction, else both, one under the other."""
    asked = {str(row[first]) for _, row in rows}
    if len(asked) == 1 and all(row[second] for _, row in rows):
        return second, rows
    both = [
        (number, {**row, first: "\n".join(str(part) for part in (row[first], row[second]) if part)})
        for number, row in rows
    ]
    return first, both


def _unmarked(rows: Objects, text: str) -> Objects:
    """The questions without the mark that ends all of them, such as `###`."""
    ends = {str(row[text]).rstrip().rpartition("\n")[2] for _, row in rows if "\n" in str(row[text]).rstrip()}
    end = next(iter(ends)) if len(ends) == 1 else ""
    if not end or any(character.isalnum() for character in end):
        return rows
    return [(number, {**row, text: str(row[text]).rstrip().removesuffix(end).rstrip()}) for number, row in rows]


def _trimmed(row: dict[str, Any], text: str, answer: str) -> dict[str, Any]:
    value = row.get(answer)
    return {**row, answer: value.strip() if isinstance(value, str) else value}


def few_answers(answers: Sequence[Any]) -> bool:
    """Whether the answers are few short words that come again, as names of classes do."""
    words = [answer for answer in answers if isinstance(answer, str)]
    distinct = set(words)
    return 2 <= len(distinct) <= max(2, len(words) / 5) and all(len(word) <= _SHORT for word in distinct)


__all__ = ["Instructions", "few_answers"]
