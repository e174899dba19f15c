"""Label Studio's JSON-MIN, CSV and TSV: a row an annotation, one column a question."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.columns import to_table
from tunebook.data.exports import Export, Format
from tunebook.data.formats.labelstudio import CLASSES, NUMBERS, OTHER, PLACES, choose_question, joined, result_values
from tunebook.data.names import LABEL, LABEL_TOO, plain
from tunebook.data.preview import Objects, Preview
from tunebook.data.roles import find_roles
from tunebook.data.votes import Answer, broken_rows

# Columns that say something of the annotation, not of the text.
_ASIDE = ("annotation_id", "annotator", "created_at", "updated_at", "lead_time")
# What stands in the answers to a question -> type of the question.
_MARKS = {kind: kind for kind in (*CLASSES, *NUMBERS, "ranker", "labels", "paragraphlabels", "hypertextlabels")}
_MARKS |= {"selected": "pairwise", "text": "textarea"}
_CHAT_TURN = 2  # entries of a list of objects are turns where they have at least so many fields


class LabelStudioMin(Format):
    """Annotations as rows: those of one task become a row with their votes."""

    title: ClassVar[str] = "Label Studio"

    def fits(self, preview: Preview) -> bool:
        """The columns that describe an annotation are all there."""
        if preview.objects:
            return all(set(_ASIDE) <= set(row) for row in preview.objects)
        return bool(preview.grid) and set(_ASIDE) <= set(preview.grid[0])

    def read(self, preview: Preview) -> Export:
        """The texts, with the answers to the question of classes."""
        ragged: dict[int, str] = {}
        if preview.objects:
            rows = preview.rows()
        else:
            cells, ragged = preview.cells()
            rows = [(line, _opened(row)) for line, row in cells]
        question = self._question(preview, rows) if preview.labelled else ""
        answers = [*(_answer(number, row, question) for number, row in rows), *broken_rows(ragged)]
        return joined(preview, answers, question, _types(rows).get(question) in PLACES)

    def _question(self, preview: Preview, rows: Objects) -> str:
        if all(row["annotation_id"] is None for _, row in rows):
            raise self.refusal("unlabelled", preview)
        types = _types(rows)
        work = {OTHER[kind] for kind in types.values() if kind in OTHER} & {"ranking", "preference"}
        turns = any(_is_turns(value) for _, row in rows for name, value in row.items() if name not in types)
        if turns and not work:
            raise self.refusal("chat", preview)
        if set(types.values()) & set(CLASSES) or preview.options.label in types:
            return choose_question(self, preview, types)
        words = to_table(_words(rows, set(types)))
        named = [name for name in words.column_names if plain(name) in (*LABEL, *LABEL_TOO)]
        if preview.options.label is None and not named and set(types.values()) - {"textarea"}:
            return choose_question(self, preview, types)  # numbers, or refused by the kind of work
        try:
            return str(find_roles(words, preview.options, file=preview.path.name).label)
        except DataError:
            if not any(types.values()):
                raise
            return choose_question(self, preview, types)


def _opened(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a CSV file with the JSON of its cells read."""
    return {name: _value(cell) if cell and cell[0] in "[{" else cell for name, cell in row.items()}


def _value(cell: str) -> Any:
    try:
        return json.loads(cell)
    except ValueError:
        return cell


def _types(rows: Objects) -> dict[str, str]:
    """Question -> type, of those whose answers show it; a single choice is a plain word and does not."""
    found: dict[str, str] = {}
    for _, row in rows:
        for name, value in row.items():
            entries = value if isinstance(value, list) else [value]
            marks = {
                kind for entry in entries if isinstance(entry, dict) for mark, kind in _MARKS.items() if mark in entry
            }
            if marks - {"textarea"}:
                found[name] = min(marks - {"textarea"})
            elif marks and isinstance(value, dict):
                found.setdefault(name, "textarea")
    return found


def _is_turns(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) and len(item) >= _CHAT_TURN for item in value)


def _words(rows: Objects, questions: set[str]) -> list[dict[str, Any]]:
    """The rows that were annotated, without what is no plain word."""
    return [
        {name: value for name, value in row.items() if name not in questions and name not in _ASIDE}
        for _, row in rows
        if row["annotation_id"] is not None
    ]


def _answer(number: int, row: dict[str, Any], question: str) -> Answer:
    value = row.get(question)
    values = value if isinstance(value, list) else [value]
    labels = result_values([item for item in values if isinstance(item, dict)]) or tuple(
        item for item in values if isinstance(item, str | int | float)
    )
    columns = {name: cell for name, cell in row.items() if name not in _ASIDE and name != question}
    who = "" if row["annotator"] is None else str(row["annotator"])
    when = str(row["updated_at"] or "")
    return Answer(row.get("id", number), number, columns, who, labels, "" if labels else "unlabelled", when)


__all__ = ["LabelStudioMin"]
