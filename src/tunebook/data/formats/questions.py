"""Questions on a text, with the places of the answers in it, as SQuAD and CMRC 2018 write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from tunebook.data.answer_places import STATED, stated
from tunebook.data.cells import as_text
from tunebook.data.columns import to_table
from tunebook.data.exports import Export, Format
from tunebook.data.kind import wants_answers, wants_passages
from tunebook.data.passages import CORPUS, JUDGED
from tunebook.data.preview import Preview

_ANSWERS = ("answers", "answer")
_CONTEXT, _QUESTION, _ID = ("context", "context_text"), ("question", "query_text"), ("id", "query_id")
_NESTED = re.compile(r'\s*\{\s*("version"\s*:\s*("[^"]*"|[\d.]+)\s*,\s*)?"data"\s*:\s*\[')
_TEXT = pa.large_string()
_KINDS = {"id": _TEXT, "question": _TEXT, "context": _TEXT, "answers": STATED, "title": _TEXT}
_USED = {*_KINDS, *_ANSWERS, *_QUESTION, *_CONTEXT, *_ID, "is_impossible"}


class Questions(Format):
    """Answers to be found in a text; for tasks of passages, questions whose passage is that text."""

    title: ClassVar[str] = "SQuAD"

    def fits(self, preview: Preview) -> bool:
        """Context, question and an answer with its text; or a nested file, of articles, paragraphs and questions."""
        rows = preview.objects
        if not rows and _NESTED.match(preview.head):  # longer than what is looked at
            return '"paragraphs"' in preview.head
        if len(rows) == 1 and isinstance(rows[0].get("data"), list):
            return any(isinstance(item, dict) and "paragraphs" in item for item in rows[0]["data"])
        return bool(rows) and (
            all("paragraphs" in row or _is_paragraph(row) for row in rows)
            or all(
                {"context", "question"} <= set(row) and any(isinstance(row.get(name), dict | list) for name in _ANSWERS)
                for row in rows
            )
        )

    def read(self, preview: Preview) -> Export:
        """A row a question: with its answers, where these are asked for; where passages are, with its text, which is
        relevant where it holds an answer; and with neither where it is to be answered.

        A column `title` says which article a question belongs to.
        """
        if wants_passages(preview.options):
            return _with_passages(preview)
        if not wants_answers(preview.options) and (preview.labelled or not _nests(preview)):
            task = preview.options.task or preview.options.problem
            raise self.refusal("answering_other" if task else "answering", preview, task=task)
        return _with_answers(preview)


def _with_answers(preview: Preview) -> Export:
    """Questions, contexts and answers as the file states them; of rows that stand by themselves, all that they have."""
    columns: dict[str, list[Any]] = {name: [] for name in _KINDS}
    others: list[dict[str, Any]] = []
    for title, context, questions in _paragraphs(preview):
        for item in questions:
            answers = _stated(item)
            said = None if answers is None else [vars(one) for one in answers]
            values = (as_text(_of(item, _ID)), as_text(_of(item, _QUESTION)), context, said, as_text(title))
            for column, value in zip(columns.values(), values, strict=True):
                column.append(value)
            flat = "context" in item  # a row that stands by itself
            others.append({name: value for name, value in item.items() if flat and name not in _USED})
    table = pa.table({name: pa.array(values, _KINDS[name]) for name, values in columns.items()})
    for field, column in zip((beside := to_table(others)).schema, beside.columns, strict=True):
        table = table.append_column(field, column)
    table = table if preview.labelled else table.drop_columns(["answers"])
    roles = {"text": "question", "text_pair": "context", "label": "answers", "row_id": "id"}
    known = {part: name for part, name in roles.items() if name in table.column_names}
    return Export(table, np.arange(1, table.num_rows + 1, dtype=np.int64), known)


def _stated(item: dict[str, Any]) -> Any:
    return stated(_of(item, _ANSWERS), impossible=item.get("is_impossible"))


def _with_passages(preview: Preview) -> Export:
    """Questions, each with its context as a passage; texts without a question are passages too."""
    contexts: list[str | None] = []
    rows = []
    for title, context, questions in _paragraphs(preview):
        contexts.append(context)
        for item in questions:
            gain = 0.0 if item.get("is_impossible") or not _answered(item) else 1.0
            judged = [{"id": None, "text": context, "gain": gain}]
            rows.append((as_text(_of(item, _ID)), as_text(_of(item, _QUESTION)), judged, as_text(title)))
    names = [_TEXT, _TEXT, JUDGED, _TEXT]
    columns = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(names)]
    table = pa.Table.from_arrays(columns, names=["id", "question", "context", "title"])
    corpus = pa.table([[None] * len(contexts), contexts], schema=CORPUS)
    roles = {"text": "question", "label": "context", "row_id": "id"}
    return Export(table, np.arange(1, len(rows) + 1, dtype=np.int64), roles, corpus=corpus)


def _nests(preview: Preview) -> bool:
    """Whether the questions stand inside of paragraphs, so that a plain table would have none."""
    rows = preview.objects
    return not rows or "data" in rows[0] or "paragraphs" in rows[0] or _is_paragraph(rows[0])


def _is_paragraph(row: dict[str, Any]) -> bool:
    return isinstance(row.get("qas"), list) and _of(row, _CONTEXT) is not None


def _of(item: dict[str, Any], names: tuple[str, ...]) -> Any:
    """The first of the fields that is there."""
    return next((item[name] for name in names if name in item), None)


def _paragraphs(preview: Preview) -> Iterator[tuple[str | None, str | None, list[dict[str, Any]]]]:
    """Title, text and questions of each paragraph, of a nested file or of one with a row a question."""
    if not preview.objects or isinstance(preview.objects[0].get("data"), list):
        items = json.loads(preview.text)["data"]
    else:
        items = [row for _, row in preview.rows()]
    for item in items:
        if "paragraphs" not in item and "qas" not in item:
            yield item.get("title"), as_text(item["context"]), [item]
        for paragraph in item.get("paragraphs", [item] if "qas" in item else []):
            context = as_text(_of(paragraph, _CONTEXT))
            yield item.get("title", paragraph.get("title")), context, paragraph["qas"]


def _answered(item: dict[str, Any]) -> bool:
    """Whether a question has an answer in its text; one without a list of answers is not known to have none."""
    answers = next((item[name] for name in _ANSWERS if name in item), True)
    return bool(answers["text"] if isinstance(answers, dict) and "text" in answers else answers)


__all__ = ["Questions"]
