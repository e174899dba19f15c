"""The prepared data of a book, found again: split.json says all of it but the rows, and is there at once."""

from __future__ import annotations

from pathlib import Path

from tunebook.core.errors import DataError, RunError
from tunebook.core.nouns import DataRef, Plan, read_json

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


def prepared_data(plan: Plan) -> DataRef:
    """The rows that a plan was made for.

    Raises:
        DataError: there are none. RunError: `run.data`: they are other rows than the plan's.
    """
    data = open_data(plan.data_path)
    if data.content != plan.data:
        raise RunError("run.data", key=str(data.path), value=data.content, allowed=plan.data)
    return data


__all__ = ["SPLIT", "open_data", "prepared_data"]
