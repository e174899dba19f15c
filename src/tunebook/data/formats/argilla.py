"""Argilla's records: nested, or flat with the responses in parallel lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.annotated_spans import marked_export, marked_text
from tunebook.data.exports import Export, Format
from tunebook.data.formats.spans import are_spans, read_spans
from tunebook.data.preview import Objects, Preview
from tunebook.data.votes import Answer, join_answers

_END = ".responses"
_COUNTS = ("submitted", None)  # statuses of answers that count; nested records do not write them
Given = dict[str, list[dict[str, Any]]]


class Argilla(Format):
    """Records with the answers of several users to several questions."""

    title: ClassVar[str] = "Argilla"

    def fits(self, preview: Preview) -> bool:
        """Fields and responses, or columns of responses with their users and statuses."""
        return bool(preview.objects) and all(
            {"fields", "responses"} <= set(row) or any(f"{name}.users" in row for name in row if name.endswith(_END))
            for row in preview.objects
        )

    def read(self, preview: Preview) -> Export:
        """A row a record, with the answers to the question of labels."""
        rows = preview.rows()
        question = self._question(preview, rows) if preview.labelled else ""
        answers = (answer for number, row in rows for answer in _answers(number, row, question))
        given = [dict(value=item["value"]) for _, row in rows for item in _given(row).get(question, [])]
        status = {} if any("fields" not in row for _, row in rows) else {"no_status": self.title}
        if any(are_spans(item["value"]) for item in given):
            marked = [replace(one, said=read_spans(list(one.said)), left_out=_left(one)) for one in answers]
            text = preview.options.text or marked_text(marked)
            return marked_export(preview, marked, text, {"row_id": "id"}, status, question)
        return join_answers(answers, question or None, {"row_id": "id"}, status)

    def _question(self, preview: Preview, rows: Objects) -> str:
        """The question whose answers are labels: a word, a number or a list of words that are not always the same."""
        values: dict[str, list[Any]] = {}
        for _, row in rows:
            for name, given in _given(row).items():
                values.setdefault(name, []).extend(item["value"] for item in given)
        if preview.options.label in values:
            return str(preview.options.label)
        kinds = {name: _kind(found) for name, found in values.items() if found}
        labels = [name for name, kind in kinds.items() if kind == "labels"]
        labels = labels or [name for name, kind in kinds.items() if kind == "tagging"]
        if len(labels) > 1:
            raise DataError("format.questions", key=str(preview.path), tool=self.title, allowed=", ".join(labels))
        if not labels:
            raise self.refusal(next(iter(kinds.values()), "unlabelled"), preview)
        return labels[0]


def _left(answer: Answer) -> str:
    """Why an answer of places is left out: an empty one says that there are none."""
    return "" if answer.left_out == "unlabelled" and answer.who else answer.left_out


def _given(row: dict[str, Any]) -> Given:
    """Question -> answers with value, user and status."""
    if "fields" in row:
        return {name: [{"status": None, **item} for item in given] for name, given in row["responses"].items()}
    found: Given = {}
    for name in [name.removesuffix(_END) for name in row if name.endswith(_END)]:
        columns = (row[f"{name}{_END}"], row.get(f"{name}{_END}.users"), row.get(f"{name}{_END}.status"))
        parts = zip(*[column or [] for column in columns], strict=False)
        found[name] = [{"value": value, "user_id": user, "status": status} for value, user, status in parts]
    return found


def _kind(values: list[Any]) -> str:
    """What a question is: of labels, or the kind of other work."""
    if any(are_spans(value) for value in values):
        return "tagging"
    if all(isinstance(value, list) for value in values):
        orders = {tuple(sorted(map(str, value))) for value in values}
        shuffled = len({tuple(map(str, value)) for value in values}) > 1
        return "ranking" if len(orders) == 1 and shuffled and len(next(iter(orders))) > 1 else "labels"
    words = [str(value) for value in values]
    return "writing" if len(words) > 1 and len(set(words)) * 2 > len(words) and _long(words) else "labels"


def _long(words: list[str]) -> bool:
    return sum(map(len, words)) > 30 * len(words)  # names of classes are shorter


def _answers(number: int, row: dict[str, Any], question: str) -> Iterator[Answer]:
    columns = _columns(row)
    item = row.get("id", number)
    given = _given(row).get(question, [])
    for answer in given:
        value = answer["value"]
        said = tuple(value) if isinstance(value, list) else (value,)
        left = "skipped" if answer["status"] not in _COUNTS else "" if said else "unlabelled"
        yield Answer(item, number, columns, str(answer.get("user_id") or ""), said, left)
    if not given:
        yield Answer(item, number, columns, left_out="unlabelled")


def _columns(row: dict[str, Any]) -> dict[str, Any]:
    """The id, the fields, and the metadata; not what was answered or suggested."""
    if "fields" in row:
        return {"id": row.get("id"), **(row.get("metadata") or {}), **row["fields"]}
    return {name: value for name, value in row.items() if "." not in name and name not in ("status", "_server_id")}


__all__ = ["Argilla"]
