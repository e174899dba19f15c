"""Errors as answers of HTTP: which status each has, and its words in the language that the client asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tunebook.core.errors import DataError, MachineError, TunebookError, machine_error
from tunebook.core.formatting import finite
from tunebook.core.localized import Localized
from tunebook.core.messages import language, say_in

STATUS: Mapping[str, int] = {
    "serve.json": 400,
    "serve.key": 401,
    "serve.path": 404,
    "serve.gives": 404,
    "serve.method": 405,
    "serve.slow": 408,
    "serve.too_large": 413,
    "serve.media": 415,
    "serve.failed": 500,
    "serve.busy": 503,
    "serve.late": 503,
    "serve.stopping": 503,
    "serve.no_version": 503,
    "serve.unlogged": 503,
}
GONE = 499  # whoever asked is gone; nobody reads it


def status_of(error: TunebookError) -> int:
    """The status of an error: that of its code, else 503 where the machine is to blame, 422 where what was sent is."""
    if error.code in STATUS:
        return STATUS[error.code]
    return 503 if isinstance(error, MachineError) else 422 if isinstance(error, DataError) else 500


def told(error: TunebookError, name: str) -> dict[str, Any]:
    """An error as `TunebookError.to_json` gives it, in a language."""
    fields = {
        key: value.in_language(name) if isinstance(value, Localized) else value for key, value in error.fields.items()
    }
    parts = {part: say_in(name, f"{error.code}.{code}", **fields).rstrip() for part, code in _PARTS}
    known = {"code": error.code, "key": error.key, "value": error.fields["value"], "allowed": error.allowed}
    others = {"others": [told(other, name) for other in error.others]} if error.others else {}
    return known | parts | others


_PARTS = (("message", "what"), ("advice", "do"))


def as_error(error: BaseException) -> TunebookError:
    """What a user is told of any exception: never its text, which may hold what another user sent."""
    if isinstance(error, TunebookError):
        return error
    return machine_error(error) or TunebookError("serve.failed", kind=type(error).__name__)


def language_of(header: str) -> str:
    """English or Chinese by `Accept-Language`; where it names neither, the language of the server."""
    best, found = 0.0, language()
    for item in header.lower().split(","):
        name, _, rest = item.strip().partition(";")
        weight = _weight(rest)
        short = name.partition("-")[0].strip()
        if short in ("en", "zh") and weight > best:
            best, found = weight, short
    return found


def _weight(text: str) -> float:
    """Of `q=0.8`; 1 where nothing is said, 0 of what cannot be read."""
    if not text.strip():
        return 1.0
    name, _, value = text.partition("=")
    try:
        return min(float(value), 1.0) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def as_json(item: Any) -> bytes:
    """JSON in UTF-8; numbers that it cannot carry become null, halves of characters their escapes."""
    try:
        return json.dumps(item, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(item, allow_nan=False, separators=(",", ":")).encode()
    except ValueError:
        return as_json(finite(item))


__all__ = ["GONE", "STATUS", "as_error", "as_json", "language_of", "status_of", "told"]
