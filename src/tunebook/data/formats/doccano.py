"""doccano: JSON, JSON Lines, CSV or fastText, in a package with a file a user or one of all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from tunebook.data.annotated_spans import MarkedSpan, marked_export
from tunebook.data.exports import Export, Format, to_export
from tunebook.data.formats.fasttext import FastText, lines_of
from tunebook.data.formats.spans import are_spans, read_spans
from tunebook.data.given_split import split_of
from tunebook.data.kind import wants_texts
from tunebook.data.preview import Preview
from tunebook.data.votes import Answer, broken_rows, join_answers

_MARKS = ("Comments", "annotation_approver")  # columns that only doccano writes; the second until version 1.5
_LABELLED = ("cats", "label", "labels")
_JOINT = "#"
_ALL = "all"  # the file of a project whose users label together
_TOLD = 60  # no name of a class is so long


class Doccano(Format):
    """Documents with the labels of one user or of several, each user's in a file of its own."""

    title: ClassVar[str] = "doccano"

    def fits(self, preview: Preview) -> bool:
        """A file with doccano's columns, or a package of such files of one kind."""
        files = [part for part in preview.parts if not part.blank]
        if files:
            one_kind = len({part.suffix for part in preview.parts}) == 1
            splits = any(split_of(_user(part)) == "train" for part in files)  # those are not the names of users
            return one_kind and not splits and all(_is_one(part) or FastText().fits(part) for part in files)
        return _is_one(preview)

    def read(self, preview: Preview) -> Export:
        """The documents, with the labels of most users; a document without labels is not done yet."""
        files = [part for part in preview.parts if not part.blank] or [preview]
        answers = [answer for part in files for answer in _answers(part, _user(part) if preview.parts else "")]
        if preview.labelled and wants_texts(preview.options):
            return self._written(preview, answers)
        if preview.labelled:
            self._refuse(preview, answers)
        roles = {"row_id": "id"} if _has_ids(answers) else {}
        if any(isinstance(mark, MarkedSpan) for answer in answers for mark in answer.said):
            if preview.options.no_label is not None:  # it was said what is not labelled, and an empty list is not that
                answers = [replace(one, left_out="") if one.left_out == "unlabelled" else one for one in answers]
            left = sum(len(answer.columns.pop("relations", None) or ()) for answer in answers)
            return marked_export(preview, answers, "text", roles, {"relations_left": str(left)} if left else {})
        label = next((name for name in _LABELLED for answer in answers if name in answer.columns), "label")
        for answer in answers:
            answer.columns.pop(label, None)
        return join_answers(answers, label if preview.labelled else None, {"text": "text", **roles})

    def _written(self, preview: Preview, answers: list[Answer]) -> Export:
        """A row for each text that a user wrote; of CSV, where a sign joins several, only if none has that sign."""
        if any(len(one.said) > 1 and isinstance(one.columns.get("label"), str) for one in answers):
            raise self.refusal("joined", preview)
        rows = [
            (one.row, {**{name: cell for name, cell in one.columns.items() if name not in _LABELLED}, "label": said})
            for one in answers
            for said in one.said
        ]
        return to_export(rows, {"text": "text", "label": "label"})

    def _refuse(self, preview: Preview, answers: list[Answer]) -> None:
        """Refuse intents with slots of which none was chosen, texts that were written, and places of which none is."""
        if any("cats" in answer.columns for answer in answers):
            if preview.options.label in ("cats", "entities"):
                return
            raise self.refusal("intent", preview)
        if any("entities" in answer.columns for answer in answers) and not any(answer.said for answer in answers):
            raise self.refusal("unlabelled", preview)
        names = [str(name) for answer in answers for name in answer.said if not isinstance(name, MarkedSpan)]
        if any("\n" in name or len(name) > _TOLD for name in names):
            raise self.refusal("writing", preview)


def _is_one(preview: Preview) -> bool:
    if preview.objects:
        return all(any(mark in row for mark in _MARKS) and _text_of(row) is not None for row in preview.objects)
    return bool(preview.grid) and preview.grid[0][:3] == ["id", "text", "label"] and "Comments" in preview.grid[0]


def _text_of(row: dict[str, Any]) -> str | None:
    text = row.get("text", row.get("data"))
    return text if isinstance(text, str) else None


def _user(preview: Preview) -> str:
    name = Path(preview.name).stem
    return "" if name == _ALL else name


def _has_ids(answers: list[Answer]) -> bool:
    return any("id" in answer.columns for answer in answers)


def _answers(preview: Preview, user: str) -> Iterator[Answer]:
    if not preview.objects and not _is_one(preview):
        yield from lines_of(preview, user)
        return
    rows, ragged = (preview.rows(), {}) if preview.objects else preview.cells()
    yield from broken_rows(ragged)
    names = ("entities",) if preview.options.label == "entities" else (*_LABELLED, "entities")
    for number, row in rows:
        given = next((row[name] for name in names if name in row), None)
        labels = given.split(_JOINT) if isinstance(given, str) else given or ()
        left = "" if labels else "unlabelled"
        columns = {name: value for name, value in row.items() if name not in _MARKS}
        said = read_spans(list(labels)) if are_spans(given) else tuple(labels)
        if said and isinstance(said[0], MarkedSpan):
            columns = {name: value for name, value in columns.items() if name not in (*_LABELLED, "entities")}
        yield Answer(row.get("id", number), number, {**columns, "text": _text_of(row)}, user, said, left)


__all__ = ["Doccano"]
