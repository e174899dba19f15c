"""Records for tests of the request log."""

from __future__ import annotations

from typing import Any

from tunebook.requests.record import Answered


def row(number: int = 0, **other: Any) -> Answered:
    """A record of the request `rNUMBER` at second NUMBER, with other values where they are given."""
    values: dict[str, Any] = {
        "request": f"r{number}", "number": 0, "at": float(number), "version": "v1", "bundle": "b", "role": "champion",
        "stage": 0, "unit": "0f", "path": "predict", "status": 200, "error": "", "seconds": 0.01, "waited": 0.001,
        "characters": 10, "tokens": 5, "unknown": 0, "cut": False, "language": "en", "label": "good", "score": 0.9,
    }  # fmt: skip
    return Answered(**{**values, **other})
