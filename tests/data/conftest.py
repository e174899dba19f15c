"""Small files for the tests of the data layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write text or bytes into a file of the test's folder and give its path."""

    def put(name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return put


@pytest.fixture
def reviews(write: Write) -> Path:
    """Sixty different rows of three classes, forty, fifteen and five."""
    labels = ["good"] * 40 + ["bad"] * 15 + ["odd"] * 5
    lines = [f"review number {number} was {label},{label}" for number, label in enumerate(labels)]
    return write("reviews.csv", "text,label\n" + "\n".join(lines) + "\n")
