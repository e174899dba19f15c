"""What a run logged while it was trained: metrics.jsonl, one entry a line."""

from __future__ import annotations

import json
from pathlib import Path


def read_history(path: Path) -> list[dict[str, float]]:
    """The entries of a metrics.jsonl up to the first line that is none: a kill may have cut off the last one.

    None before there is a file.
    """
    if not path.is_file():
        return []
    entries: list[dict[str, float]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            break
        if not (isinstance(entry, dict) and "step" in entry):
            break
        entries.append(entry)
    return entries


__all__ = ["read_history"]
