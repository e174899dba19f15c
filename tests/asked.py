"""Requests as a server would have logged them, answered by a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunebook.core.answers import Rows
from tunebook.requests.record import Answered
from tunebook.requests.sketch import sketch
from tunebook.verbs.predict import predict
from tunebook.verbs.steps.runs import Run
from tunebook.watch.reference import read_rows
from tunebook.watch.short import short

BEGUN = 1_760_000_000.0


def asked(run: Run, texts: Sequence[str], *, keep: bool = False, first: int = 0, **more: Any) -> list[Answered]:
    """One text a request, a minute between two, beginning with number `first`."""
    read = read_rows(run, Rows(texts, None, None, [str(number) for number in range(len(texts))]))
    answers = [short(answer) for answer in predict(run, texts)]
    return [
        Answered(
            **{
                "request": f"q{first + place}", "number": 0, "at": BEGUN + (first + place) * 60.0, "version": run.id,
                "bundle": "b", "role": "champion", "stage": 0, "unit": "0f", "path": "predict", "status": 200,
                "error": "", "seconds": 0.01 + 0.001 * (place % 7), "waited": 0.002, "characters": len(text),
                "tokens": int(read.tokens[place]), "unknown": round(read.unknown[place] * read.tokens[place]),
                "cut": bool(read.cut[place]), "language": str(read.language[place]), "label": answers[place][0],
                "score": answers[place][1], "sketch": sketch(text), "text": text if keep else "", **more,
            }
        )
        for place, text in enumerate(texts)
    ]  # fmt: skip


__all__ = ["BEGUN", "asked"]
