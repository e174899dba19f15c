"""Questions on a text, with the place of the answer in it, as SQuAD writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from tunebook.data.cells import as_text
from tunebook.data.exports import Export, Format
from tunebook.data.kind import wants_passages
from tunebook.data.passages import CORPUS, JUDGED
from tunebook.data.preview import Preview

_ANSWERS = ("answers", "answer")
_NESTED = re.compile(r'\s*\{\s*("version"\s*:\s*("[^"]*"|[\d.]+)\s*,\s*)?"data"\s*:\s*\[')


class Questions(Format):
    """Answers to be found in a text; for tasks of passages, questions whose passage is that text."""

    title: ClassVar[str] = "SQuAD"

    def fits(self, preview: Preview) -> bool:
        """Context, question and an answer with its text; or the nested file of SQuAD itself."""
        rows = preview.objects
        if not rows and _NESTED.match(preview.head):  # longer than what is looked at
            return '"paragraphs"' in preview.head
        if len(rows) == 1 and isinstance(rows[0].get("data"), list):
            return any(isinstance(item, dict) and "paragraphs" in item for item in rows[0]["data"])
        return bool(rows) and all(
            {"context", "question"} <= set(row) and any(isinstance(row.get(name), dict | list) for name in _ANSWERS)
            for row in rows
        )

    def read(self, preview: Preview) -> Export:
        """A row a question, whose passage is relevant where it holds an answer; refused where no passages are wanted.

        Texts without a question are passages too. A column `title` says which article a question belongs to.
        """
        if not wants_passages(preview.options):
            raise self.refusal("answering", preview)
        contexts: list[str] = []
        rows = []
        for title, context, questions in _paragraphs(preview):
            contexts.append(context)
            for item in questions:
                gain = 0.0 if item.get("is_impossible") or not _answered(item) else 1.0
                judged = [{"id": None, "text": context, "gain": gain}]
                rows.append((as_text(item.get("id")), as_text(item.get("question")), judged, as_text(title)))
        names = [pa.large_string(), pa.large_string(), JUDGED, pa.large_string()]
        columns = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(names)]
        table = pa.Table.from_arrays(columns, names=["id", "question", "context", "title"])
        corpus = pa.table([[None] * len(contexts), contexts], schema=CORPUS)
        roles = {"text": "question", "label": "context", "row_id": "id"}
        return Export(table, np.arange(1, len(rows) + 1, dtype=np.int64), roles, corpus=corpus)


def _paragraphs(preview: Preview) -> Iterator[tuple[str | None, str, list[dict[str, Any]]]]:
    """Title, text and questions of each paragraph, of the nested file or of one with a row a question."""
    if not preview.objects or isinstance(preview.objects[0].get("data"), list):
        for article in json.loads(preview.text)["data"]:
            for paragraph in article["paragraphs"]:
                yield article.get("title"), paragraph["context"], paragraph["qas"]
    else:
        for _, row in preview.rows():
            yield row.get("title"), row["context"], [row]


def _answered(item: dict[str, Any]) -> bool:
    """Whether a question has an answer in its text; one without a list of answers is not known to have none."""
    answers = next((item[name] for name in _ANSWERS if name in item), True)
    return bool(answers["text"] if isinstance(answers, dict) and "text" in answers else answers)


__all__ = ["Questions"]
