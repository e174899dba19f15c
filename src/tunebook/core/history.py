"""What a run logged while it was trained: metrics.jsonl, one entry a line."""

from __future__ import annotations

import json
from pathlib import Path


def read_history(path: Path) -> list[dict[str, float]]:
    """The entries of a metrics.jsonl; a last line that a kill cut off is left out. None before there is a file."""
    if not path.is_file():
        return []
    entries = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            break
    return entries


__all__ = ["read_history"]
