"""Lessons as books would leave them."""

from __future__ import annotations

from typing import Any

from tunebook.knowledge.lesson import Lesson


def lesson(key: str, **changes: Any) -> Lesson:
    """A test of a doubled learning rate in an English book."""
    given: dict[str, Any] = {
        "key": key, "action": "test", "date": "2026-05-01", "test": f"t-{key}", "book": "hotel", "group": f"g-{key}",
        "task": "text_classification", "problem": "single_label", "language": "en", "rows": 700, "classes": 2,
        "model": "builtin:minilm", "version": 2, "against": 1,
        "changed": [{"row": "learning_rate", "from": 5e-5, "to": 1e-4}], "metric": "accuracy", "gain": 0.03,
        "lower": 0.01, "upper": 0.05, "alpha": 0.05, "verdict": "PROMOTE", "seeds": 5, "reason": "larger steps",
    }  # fmt: skip
    return Lesson(**{**given, **changes})
