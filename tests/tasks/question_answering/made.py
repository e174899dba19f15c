"""Questions on texts of a small language: which word stands behind another one."""

from __future__ import annotations

import random
from typing import Any

from tests import small
from tunebook.core.answers import Rows
from tunebook.core.extracts import Extract, packed
from tunebook.core.nouns import Labels

LABELS = Labels(problem="answers", low=0.0, high=1.0)


def records(count: int, seed: int = 0, size: int = 8) -> list[dict[str, Any]]:
    """Questions in the form of Hugging Face, a fifth of them without an answer: the answer is the good word."""
    draw = random.Random(seed)
    words = small.words()
    good, filler = words[:6], words[-14:]
    rows = []
    for number in range(count):
        context = draw.choices(filler, k=draw.randint(size // 2, size))
        answer = draw.choice(good) if number % 5 else ""
        context.insert(draw.randrange(len(context)), answer or "slow")
        text = " ".join(context)
        found = {"text": [answer], "answer_start": [text.index(answer)]} if answer else {"text": [], "answer_start": []}
        rows.append({"id": str(number), "question": "what was very good", "context": text, "answers": found})
    return rows


def rows(count: int, seed: int = 0, size: int = 8) -> Rows:
    """The same as rows of a task."""
    found = records(count, seed, size)
    extracts = [
        Extract(
            one["context"],
            [(start, start + len(text)) for text, start in zip(*one["answers"].values(), strict=True)],
        )
        for one in found
    ]
    contexts = [one["context"] for one in found]
    return Rows([one["question"] for one in found], contexts, packed(extracts), [one["id"] for one in found])
