"""PaddleNLP's UIE: a question for each text, and the places that answer it."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from tunebook.data.annotated_spans import MarkedSpan, marked_export
from tunebook.data.exports import Export, Format
from tunebook.data.formats.spans import read_spans
from tunebook.data.preview import Objects, Preview
from tunebook.data.votes import Answer, join_answers

# A prompt of classes lists them behind its name: 情感倾向[正向，负向]
_OPTIONS = re.compile(r"(.*)\[(.+[,，].+)\]\s*", re.DOTALL)


class Uie(Format):
    """Texts with prompts: of classes, or of places in the text."""

    title: ClassVar[str] = "UIE"

    def fits(self, preview: Preview) -> bool:
        """Every row has a prompt and a list of results."""
        return bool(preview.objects) and all(
            isinstance(row.get("result_list"), list) and isinstance(row.get("prompt"), str) for row in preview.objects
        )

    def read(self, preview: Preview) -> Export:
        """The texts with the classes that were found, those of one prompt where there are several, or places."""
        rows = preview.rows()
        prompts = [_OPTIONS.fullmatch(str(row["prompt"])) for _, row in rows]
        if not all(prompts):
            return _marked(preview, [row for row, prompt in zip(rows, prompts, strict=True) if prompt is None])
        answers = []
        for (number, row), prompt in zip(rows, prompts, strict=True):
            assert prompt is not None
            text = _text(row)
            said = tuple(str(item.get("text")) for item in row["result_list"])
            columns = {"content": text, "prompt": prompt[1]}
            answers.append(Answer((text, prompt[1]), number, columns, "", said, "" if said else "unlabelled"))
        return join_answers(answers, "label" if preview.labelled else None, {"text": "content"})


def _text(row: dict[str, Any]) -> Any:
    return row.get("content", row.get("text", row.get("data")))


def _marked(preview: Preview, rows: Objects) -> Export:
    """One row a text with what every prompt marks in it, under the prompt's name; a prompt of a relation (`X的Y`, where
    X is marked in the same text) is left."""
    marked: dict[Any, list[tuple[int, str, list[Any]]]] = {}
    for number, row in rows:
        marked.setdefault(_text(row), []).append((number, str(row["prompt"]), row["result_list"]))
    answers, left = [], 0
    for text, prompts in marked.items():
        said: list[MarkedSpan] = []
        words = {str(one.get("text")) for _, _, found in prompts for one in found}
        for _, prompt, found in prompts:
            subject, joint, _ = prompt.rpartition("的")
            if joint and subject in words:
                left += 1
            else:
                said += read_spans([{**one, "label": prompt} for one in found])
        answers.append(Answer(text, prompts[0][0], {"content": text}, "", tuple(said)))
    return marked_export(preview, answers, "content", {}, {"relations_left": str(left)} if left else {})


__all__ = ["Uie"]
