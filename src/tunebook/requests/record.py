"""One text that was asked, and what was answered; and what came back of it later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

PLACES = 1 << 20  # texts that a request can have: each `number` lies below it
Role = Literal["champion", "challenger", "shadow"]


@dataclass(frozen=True)
class Answered:
    """One text of a request, as it is kept. A request of several texts has as many, of the same `request`.

    Attributes:
        request: id of the request; number: of the text in it, from 0.
        at: seconds since 1970 (UTC) at which it came.
        version: id of the run that answered; bundle: hash of its files.
        role: `champion` and `challenger` were given to the user; `shadow` was only compared.
        stage: of the rollout, 0 for none; unit: the key by which the version was drawn (a hash of the user or of the
            request), of hexadecimal digits.
        path: `predict`, `embed` or `rerank`.
        status: HTTP; error: code of the message, empty for none.
        seconds: from the arrival to the answer; waited: of these until the model began.
        characters, tokens, unknown: of the text; cut: it lost its end; language: as `data` tells it.
        label: the answer in short: a class, a number, of spans their labels; empty for none.
        score: probability of the answer, or its number; NaN for none.
        scores: of each class in the order of the model's names, float32; empty where there are none.
        sketch: see `requests.sketch`; what was said, without the words; empty for none.
        text, pair: as masked; empty where texts are not kept.
        answer: the whole answer, as it went out; None where it is not kept.
    """

    request: str
    number: int
    at: float
    version: str
    bundle: str
    role: Role
    stage: int
    unit: str
    path: str
    status: int
    error: str
    seconds: float
    waited: float
    characters: int
    tokens: int
    unknown: int
    cut: bool
    language: str
    label: str
    score: float
    scores: bytes = b""
    sketch: bytes = b""
    text: str = ""
    pair: str = ""
    answer: dict[str, Any] | None = None


@dataclass(frozen=True)
class Feedback:
    """What came back of a text.

    Attributes:
        request, number: of which, number below `PLACES`; at: when it was told.
        name: `label` for the true answer, else a business event such as `bought`; value: what is told, a number or a
            text. The last one of a name counts.
        source: who told it.
    """

    request: str
    number: int
    at: float
    name: str
    value: str | float
    source: str = ""


__all__ = ["PLACES", "Answered", "Feedback", "Role"]
