"""Rows with entities of a small language, and a plan to learn them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests import small
from tunebook.core.nouns import Labels
from tunebook.core.task import Rows
from tunebook.core.training import Training

LABELS = Labels(problem="spans", names=["good", "bad"])
Span = tuple[int, int, int]


def targets(rows: list[list[Span]]) -> NDArray[np.int64]:
    """The matrix of lists of (start, end, class)."""
    width = max(map(len, rows), default=0)
    lines = [[len(row), *sum(row, ()), *[0] * 3 * (width - len(row))] for row in rows]
    return np.array(lines, dtype=np.int64).reshape(len(rows), 1 + 3 * width)


def answers(rows: list[list[Span]], score: float = 1.0, read: int = 20) -> NDArray[np.float32]:
    """The same as answers, each of one score, of texts of so many code points."""
    width = max(map(len, rows), default=0)
    lines = [
        [len(row), *sum(((*span, score) for span in row), ()), read, 1, 0, 0, *[0] * 4 * (width - len(row))]
        for row in rows
    ]
    return np.array(lines, dtype=np.float32).reshape(len(rows), 5 + 4 * width)


def rows(count: int, seed: int = 0, repeat: int = 1) -> Rows:
    """Sentences in which a good word is an entity, and a bad one with the `very` before it."""
    draw = random.Random(seed)
    texts, spans = [], []
    for _ in range(count):
        words: list[str] = []
        found: list[Span] = []
        for _ in range(repeat * draw.randint(2, 6)):
            kind = draw.choice(["good", "bad", "so", "so"])
            for word in ["very"] * (kind == "bad") + [draw.choice(small._WORDS[kind])]:
                start = len(" ".join([*words, ""]))
                words.append(word)
                if kind == "bad" and word != "very":
                    found.append((found.pop()[0], start + len(word), 1))
                elif kind != "so":
                    found.append((start, start + len(word), ["good", "bad"].index(kind)))
        texts.append(" ".join(words))
        spans.append(found)
    return Rows(texts, None, targets(spans), [str(number) for number in range(count)])


def conll(rows: Rows) -> str:
    """Rows as lines of a word and its tag."""
    lines: list[str] = []
    for text, target in zip(rows.texts, rows.targets if rows.targets is not None else (), strict=True):
        spans, at = target[1:].reshape(-1, 3)[: target[0]], 0
        for word in text.split():
            own = next(((start, label) for start, end, label in spans if start <= at < end), None)
            lines.append(f"{word}\tO" if own is None else f"{word}\t{'BI'[int(at > own[0])]}-{LABELS.names[own[1]]}")
            at += len(word) + 1
        lines.append("")
    return "\n".join(lines)


def settings(**changes: Any) -> Training:
    """Settings of a criterion."""
    return Training(**changes)
