"""PaddleNLP's UIE: a question for each text, and the places that answer it."""

from __future__ import annotations

import re
from typing import ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.look import Look
from tunebook.data.votes import Answer, join_answers

# A prompt of classes lists them behind its name: 情感倾向[正向，负向]
_OPTIONS = re.compile(r"(.*)\[(.+[,，].+)\]\s*", re.DOTALL)


class Uie(Format):
    """Texts with prompts: of classes, read; of places in the text, refused."""

    title: ClassVar[str] = "UIE"

    def fits(self, look: Look) -> bool:
        """Every row has a prompt and a list of results."""
        return bool(look.objects) and all(
            isinstance(row.get("result_list"), list) and isinstance(row.get("prompt"), str) for row in look.objects
        )

    def read(self, look: Look) -> Export:
        """The texts, with the classes that were found; those of one prompt, where there are several."""
        rows = look.rows()
        prompts = [_OPTIONS.fullmatch(str(row["prompt"])) for _, row in rows]
        if not all(prompts):
            raise self.refusal("tagging", look)
        answers = []
        for (number, row), prompt in zip(rows, prompts, strict=True):
            assert prompt is not None
            text = row.get("content", row.get("text", row.get("data")))
            said = tuple(str(item.get("text")) for item in row["result_list"])
            columns = {"content": text, "prompt": prompt[1]}
            answers.append(Answer((text, prompt[1]), number, columns, "", said, "" if said else "unlabelled"))
        return join_answers(answers, "label" if look.labelled else None, {"text": "content"})


__all__ = ["Uie"]
