"""What is worth knowing of how the files were read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunebook.data.describe import warning
from tunebook.data.ledger import ASIDE, Ledger


def file_warnings(files: Mapping[str, Mapping[str, str]], ledger: Ledger) -> list[dict[str, Any]]:
    """Guessed encodings, formulas without values, names that repeat, what was taken for no row.

    Args:
        files: name of each file -> what was found out of it.
    """
    found = []
    for file, notes in files.items():
        if "encoding_guessed" in notes:
            found.append(warning("encoding_guessed", file=file, encoding=notes["encoding"]))
        if "formulas" in notes:
            found.append(warning("formulas", file=file, cells=notes["formulas"]))
        if "repeated" in notes:
            found.append(warning("repeated_names", file=file, names=notes["repeated"]))
        if "beside" in notes:
            found.append(warning("beside", file=file, columns=notes["beside"]))
    if ledger.total("dropped", "open_quote"):
        found.append(warning("open_quote", rows=ledger.examples("open_quote")))
    for reason in ASIDE:
        if ledger.total("dropped", reason):
            found.append(warning("aside", reason=reason, rows=ledger.examples(reason)))
    return found


__all__ = ["file_warnings"]
