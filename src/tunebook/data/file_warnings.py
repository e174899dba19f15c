"""What is worth knowing of how the files were read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunebook.data.describe import warning
from tunebook.data.ledger import ASIDE, PUT_RIGHT, Ledger

# Note of a file, which is the code of its warning too -> what the warning calls it.
_NOTES = {
    "encoding_guessed": "encoding",
    "formulas": "cells",
    "errors": "cells",
    "hidden_keep": "what",
    "hidden_drop": "what",
    "repeated": "names",
    "beside": "columns",
    "twice": "rows",
    "split_column": "column",
    "fold_column": "column",
    "weight_column": "column",
    "second_text": "column",
    "no_status": "tool",
    "parts_left": "names",
    "relations_left": "count",
    "units": "unit",
}


def file_warnings(files: Mapping[str, Mapping[str, str]], ledger: Ledger) -> list[dict[str, Any]]:
    """Guessed encodings, cells without values, columns that were not asked to play a part, what was taken for no row.

    Args:
        files: name of each file -> what was found out of it.
    """
    found = []
    for file, notes in files.items():
        for note, field in _NOTES.items():
            if note in notes:
                found.append(warning(note, file=file, **{field: notes[note]}))
    if ledger.total("dropped", "open_quote"):
        found.append(warning("open_quote", rows=ledger.examples("open_quote")))
    for reason in PUT_RIGHT:
        if ledger.total("changed", reason):
            found.append(warning("marks_changed", reason=reason, rows=ledger.examples(reason)))
    for reason in ASIDE:
        if ledger.total("dropped", reason):
            found.append(warning("aside", reason=reason, rows=ledger.examples(reason)))
    return found


__all__ = ["file_warnings"]
