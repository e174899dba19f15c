"""The prepared data of a book, found again: split.json says all of it but the rows, and is there at once."""

from __future__ import annotations

from pathlib import Path

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef, read_json

SPLIT = "split.json"


def open_data(folder: Path) -> DataRef:
    """The prepared data of a folder, wherever the folder stands now.

    Raises:
        DataError: `data.not_prepared`, the folder holds none.
    """
    file = Path(folder) / SPLIT
    if not file.is_file():
        raise DataError("data.not_prepared", key=str(folder))
    ref: DataRef = read_json(DataRef, file)
    return ref.model_copy(update={"path": Path(folder)})


__all__ = ["SPLIT", "open_data"]
