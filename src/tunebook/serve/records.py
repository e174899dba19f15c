"""What is kept of an answer: one record a text for the request log."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tunebook.bundle.answering import Answering, Tokens
from tunebook.core.operation import Serving
from tunebook.requests.mask import masked
from tunebook.requests.record import Answered
from tunebook.requests.sketch import language, sketch
from tunebook.rollout.choice import Choice
from tunebook.watch.short import short


@dataclass(frozen=True)
class Asked:
    """A request that can be answered.

    Attributes:
        id: of the request; path: `predict`, `embed` or `rerank`; key: by which the version is drawn.
        texts, pairs: what is read; top_k: so many classes or passages.
        come: `time.perf_counter` at its arrival; at: seconds since 1970.
        single: it asks for one text and not for a list. side: of texts that become vectors.
    """

    id: str
    path: str
    key: str
    texts: list[str]
    pairs: list[str] | None
    top_k: int | None
    come: float
    at: float
    single: bool
    side: str = ""


@dataclass(frozen=True)
class Outcome:
    """How it went with one version.

    Attributes:
        role: `shadow` for a comparison. answers, outputs: of each text, empty where there is an error.
        seconds, waited: see `Answered`. status, error, cause: of a failure.
    """

    model: Answering
    role: Any
    choice: Choice
    seconds: float
    waited: float
    tokens: Sequence[Tokens] = ()
    answers: Sequence[dict[str, Any]] = ()
    status: int = 200
    error: str = ""
    cause: Exception | None = None


def records(asked: Asked, outcome: Outcome, serving: Serving) -> list[Answered]:
    """One record a text."""
    return [_record(asked, outcome, serving, number) for number in range(len(asked.texts))]


def _record(asked: Asked, outcome: Outcome, serving: Serving, number: int) -> Answered:
    given, second = asked.texts[number], asked.pairs[number] if asked.pairs else ""
    tokens = outcome.tokens[number] if outcome.tokens else None
    # What is looked at is the text as the model read it: the rows of the book that it is compared with are clean too.
    text, pair = (given, second) if tokens is None else (tokens.text, tokens.pair or "")
    answer = outcome.answers[number] if outcome.answers else {}
    label, score = short(answer) if asked.path != "embed" else ("", math.nan)
    made = Answered(
        request=asked.id, number=number, at=asked.at, version=outcome.model.id, bundle=outcome.model.hash,
        role=outcome.role, stage=outcome.choice.stage, unit=outcome.choice.unit, path=asked.path,
        status=outcome.status, error=outcome.error, seconds=outcome.seconds, waited=outcome.waited,
        characters=len(text) + len(pair), tokens=len(tokens) if tokens is not None else 0,
        unknown=tokens.unknown if tokens is not None else 0, cut=tokens.cut if tokens is not None else False,
        language=language(text), label=label, score=score, scores=_scores(answer, outcome.model.names),
        sketch=sketch(f"{text}\n{pair}" if second else text),
    )  # fmt: skip
    if not serving.keep_texts:
        return made
    return masked(replace(made, text=given, pair=second, answer=answer if answer and asked.path != "embed" else None))


def _scores(answer: dict[str, Any], names: Sequence[str]) -> bytes:
    found = answer.get("scores")
    if not isinstance(found, dict) or not names:
        return b""
    return np.array([found.get(name, math.nan) for name in names], dtype="<f4").tobytes()


__all__ = ["Asked", "Outcome", "records"]
