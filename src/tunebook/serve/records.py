"""What is kept of an answer: one record a text for the request log."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from tunebook.bundle.answering import Answering, Tokens
from tunebook.core.operation import Serving
from tunebook.requests.record import Answered
from tunebook.rollout.choice import Choice


@dataclass(frozen=True)
class Asked:
    """A request that can be answered.

    Attributes:
        id: of the request; path: `predict`, `embed` or `rerank`; key: by which the version is drawn.
        texts, pairs: what is read; top_k: so many classes or passages.
        come: `time.perf_counter` at its arrival; at: seconds since 1970.
        single: it asks for one text and not for a list.
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


def sampled(request: str, share: float) -> bool:
    """Whether a request is one of those that are kept: by a hash, so that all servers agree."""
    if share >= 1:
        return True
    digits = blake2b(request.encode("utf-8", "replace"), digest_size=8, person=b"sample").digest()
    return int.from_bytes(digits, "big") < share * 2**64


def records(asked: Asked, outcome: Outcome, serving: Serving) -> list[Answered]:
    """One record a text."""
    return [_record(asked, outcome, serving, number) for number in range(len(asked.texts))]


def _record(asked: Asked, outcome: Outcome, serving: Serving, number: int) -> Answered:
    text = asked.texts[number]
    pair = asked.pairs[number] if asked.pairs else ""
    tokens = outcome.tokens[number] if outcome.tokens else None
    answer = outcome.answers[number] if outcome.answers else {}
    label, score = short(answer)
    kept = _kept(text, pair, serving)
    return Answered(
        request=asked.id, number=number, at=asked.at, version=outcome.model.id, bundle=outcome.model.hash,
        role=outcome.role, stage=outcome.choice.stage, unit=outcome.choice.unit, path=asked.path,
        status=outcome.status, error=outcome.error, seconds=outcome.seconds, waited=outcome.waited,
        characters=len(text) + len(pair), tokens=len(tokens) if tokens is not None else 0,
        unknown=tokens.unknown if tokens is not None else 0, cut=tokens.cut if tokens is not None else False,
        language=_language(text), label=label, score=score, scores=_scores(answer, outcome.model.names),
        answer=answer if serving.keep_texts and answer else None, **kept,
    )  # fmt: skip


def short(answer: dict[str, Any]) -> tuple[str, float]:
    """The answer in short: a class, several, a number or the labels of spans; and its score, NaN for none."""
    label = answer.get("label", answer.get("labels", answer.get("value")))
    if label is None:
        spans = answer.get("spans", answer.get("entities", ()))
        label = [span.get("label", "") for span in spans if isinstance(span, dict)]
    words = " ".join(map(str, label)) if isinstance(label, list | tuple) else str(label)
    score = answer.get("score")
    if score is None and isinstance(label, int | float):
        score = label
    return words, float(score) if isinstance(score, int | float) else math.nan


def _scores(answer: dict[str, Any], names: Sequence[str]) -> bytes:
    found = answer.get("scores")
    if not isinstance(found, dict) or not names:
        return b""
    return np.array([found.get(name, math.nan) for name in names], dtype="<f4").tobytes()


def _language(text: str) -> str:
    from tunebook.data.describe import guess_language

    return guess_language([text[:2000]])[0]


def _kept(text: str, pair: str, serving: Serving) -> dict[str, Any]:
    """What is kept of the words themselves: a sketch, and the masked text where the book says so."""
    return {}


__all__ = ["Asked", "Outcome", "records", "sampled", "short"]
